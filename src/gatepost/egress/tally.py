"""What was opened and refused since the last time somebody asked: counted, never listed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from gatepost.egress.paper import Opened, Refused, Times

KINDS_MAX = 10_000
"""Different connections held in memory between two writes; of more, only the kinds already held are counted on."""

K = TypeVar("K", Opened, Refused)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of connections, each kind once."""

    opened: Mapping[Opened, Times] = field(default_factory=dict)
    refused: Mapping[Refused, Times] = field(default_factory=dict)


class Counter:
    """Adds up until the sum is taken."""

    def __init__(self) -> None:
        self._opened: dict[Opened, Times] = {}
        self._refused: dict[Refused, Times] = {}
        self.overflown = 0

    @property
    def has_counted(self) -> bool:
        """Whether there is a sum to take."""
        return bool(self._opened or self._refused)

    def opened(self, what: Opened, at: datetime) -> None:
        """Count one connection."""
        self._add(self._opened, what, Times(1, at, at))

    def refused(self, what: Refused, at: datetime) -> None:
        """Count one refusal."""
        self._add(self._refused, what, Times(1, at, at))

    def take(self) -> Tally:
        """Return the sums so far and begin anew."""
        taken = Tally(self._opened, self._refused)
        self._opened, self._refused = {}, {}
        return taken

    def put_back(self, tally: Tally) -> None:
        """Add sums that could not be written, to be taken another time."""
        for opened, times in tally.opened.items():
            self._add(self._opened, opened, times)
        for refused, times in tally.refused.items():
            self._add(self._refused, refused, times)

    def _add(self, sums: dict[K, Times], what: K, times: Times) -> None:
        before = sums.get(what)
        if before is not None:
            sums[what] = Times(
                before.count + times.count, min(before.first_at, times.first_at), max(before.last_at, times.last_at)
            )
        elif len(sums) < KINDS_MAX:
            sums[what] = times
        else:
            self.overflown += times.count
