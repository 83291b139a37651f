"""Whether the house can take one more message: asked at MAIL, answered from what is known already.

A client that is told so before it sends its message comes back later, and costs nothing meanwhile. Nothing is written
for it: whoever is short of disk or of time must not be asked to count.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import structlog

from gatepost.arrive import descriptors, reply
from gatepost.arrive.limits import FREED_SHARE, Limits
from gatepost.arrive.reply import Reply
from gatepost.arrive.spool import Spools

LOOK_AGAIN_S = 0.5
"""How long the free space that was seen counts as known."""
FILES_MIN = 1_000
"""With room for fewer files no mail is taken."""
DESCRIPTORS_QUIET_S = 10.0
"""They count as free again once nobody was turned away for so long: while clients come and go at the edge, one place
that became free says nothing, and each client would be two lines of the log.
"""

log = structlog.get_logger()


def free_octets(folders: Sequence[Path]) -> int:
    """Return how much the fullest of these folders' disks still takes from an ordinary account.

    0 where it is gone, and where it takes no further files: a body is one, and PostgreSQL's log begins one every 16 MB.
    """
    try:
        found = [os.statvfs(folder) for folder in folders]
    except OSError:
        return 0
    return min(0 if _lacks_files(each) else each.f_bavail * each.f_frsize for each in found)


def _lacks_files(disk: os.statvfs_result) -> bool:
    return disk.f_files > 0 and disk.f_favail < FILES_MIN  # a file system without a fixed number of inodes says 0 of 0


class _InFlight:
    """A number that is one more within each of its contexts."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1


class Capacity:
    """What every connection of one server asks before it takes a message. ``limits`` may change while it serves.

    Args:
        limits: what the house allows itself.
        spools: where messages lie until they are answered.
        free: how many octets the disks still take.
        commit_s: for how long the commit under way has been; 0 while there is none.
        now: seconds that only grow.
    """

    def __init__(
        self,
        limits: Limits,
        spools: Spools,
        *,
        free: Callable[[], int],
        commit_s: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self.limits = limits
        self._spools = spools
        self._free = free
        self._commit_s = commit_s
        self._now = now
        self._free_octets = 0
        self._looked_at = -LOOK_AGAIN_S
        self._in_flight = _InFlight()
        self._is_short = False
        self._turned_away = 0
        self._lacks_descriptors, self._lacked_at = False, 0.0

    def lets_in(self, descriptor: int) -> bool:
        """Tell whether a connection under this descriptor can stay."""
        if descriptors.is_among_the_last(descriptor):
            self._lacked_at = self._now()
            if not self._lacks_descriptors:
                self._lacks_descriptors = True
                log.error("smtp.files_used_up", descriptor=descriptor, next_step="raise LimitNOFILE (ulimit -n)")
            return False
        if self._lacks_descriptors and self._now() - self._lacked_at >= DESCRIPTORS_QUIET_S:
            self._lacks_descriptors = False
            log.warning("smtp.files_free_again")
        return True

    @property
    def is_full(self) -> bool:
        """Nobody was let in a moment ago, because few descriptors are left."""
        return self._lacks_descriptors

    @property
    def places_short(self) -> int:
        """How many connections must end so that those who come next find descriptors."""
        return descriptors.short(FREED_SHARE) if self._lacks_descriptors else 0

    def in_flight(self) -> AbstractContextManager[None]:
        """Count a message that came in and is not yet answered."""
        return self._in_flight

    def refusal(self, size_octets: int) -> Reply | None:
        """Say why a message of about that size cannot be taken now (RFC 5321 section 3.8, RFC 1870); None: it can."""
        said = self._judge(size_octets)
        if said is not None:
            self._turned_away += 1
            if not self._is_short:
                self._is_short = True
                log.warning("smtp.intake_stopped", code=said.code, status=said.enhanced)
        elif self._is_short:
            log.warning("smtp.intake_resumed", turned_away=self._turned_away)
            self._is_short, self._turned_away = False, 0
        return said

    def _judge(self, size_octets: int) -> Reply | None:
        limits = self.limits
        if self._in_flight.count >= limits.in_flight_max or self._commit_s() > limits.commit_max_s:
            return reply.OVERLOADED
        if self._known_free() - size_octets < limits.disk_free_min_octets:
            return reply.NO_ROOM
        if self._spools.disk_octets + size_octets > limits.spooled_max_octets:
            return reply.NO_ROOM
        return None

    def _known_free(self) -> int:
        now = self._now()
        if now - self._looked_at >= LOOK_AGAIN_S:
            self._looked_at = now
            self._free_octets = self._free()
        return self._free_octets
