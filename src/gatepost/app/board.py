"""The counters of one process, in memory that the others of the house can read.

Each process counts on a board of its own, a small file mapped into memory; whoever is asked for the metrics adds the
boards up. Nothing is locked and no process waits for another. All boards have one layout, made from closed lists, so a
label can hold neither a stranger's text nor more values than are listed here.
"""

import mmap
import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from gatepost.act.teller import KIND as TELLING
from gatepost.arrive.paper import Direction
from gatepost.arrive.refusals import Refusal
from gatepost.decide.paper import Disposition
from gatepost.decide.reasons import Reason
from gatepost.deliver.send import FAILED
from gatepost.deliver.send import KIND as SENDING
from gatepost.dns import Status

SLOT_OCTETS = 8
OTHER = "other"
"""Stands for every word that is not on a list: a newer room must not break an older board."""

KINDS = (TELLING, SENDING, FAILED)
ENDS = ("done", "again", "failed")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its series are all combinations of its labels' words; with ``bounds`` each is a histogram."""

    name: str
    doc: str
    labels: Mapping[str, tuple[str, ...]]
    bounds: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """Slots of one series: a number, or each bucket, the overflow and the sum."""
        return len(self.bounds) + 2 if self.bounds else 1

    def series(self) -> Iterator[tuple[str, ...]]:
        """Yield the label values of every series, in the order of their slots."""
        yield from product(*self.labels.values())


def _words(*words: Iterable[str]) -> tuple[str, ...]:
    return (*(str(word) for group in words for word in group), OTHER)


DECIDED = Family(
    "gatepost_messages_total",
    "Messages that came to a decision.",
    {"direction": _words(Direction), "disposition": _words(Disposition), "reason": _words(Reason)},
)
REFUSED = Family("gatepost_smtp_refusals_total", "Mail turned away before a decision.", {"reason": _words(Refusal)})
CARRIED = Family("gatepost_message_seconds", "From a message's last octet to our answer.", {}, _SECONDS)
CONNECTED = Family("gatepost_smtp_sessions_total", "SMTP sessions begun.", {})
DISCONNECTED = Family("gatepost_smtp_sessions_ended_total", "SMTP sessions over.", {})
COMMIT_SIZE = Family("gatepost_commit_messages", "Messages that shared one commit.", {}, _SIZES)
COMMIT_SECONDS = Family("gatepost_commit_seconds", "One commit, from its first statement.", {}, _SECONDS)
REMEMBERED = Family("gatepost_dns_cache_hits_total", "DNS answers found in the cache.", {})
ASKED = Family("gatepost_dns_questions_total", "DNS questions put to the network.", {"status": _words(Status)})
ASKED_SECONDS = Family("gatepost_dns_seconds", "One DNS question, until it was answered or given up.", {}, _SECONDS)
RAN = Family(
    "gatepost_job_runs_total",
    "Runs of jobs: act.webhook is one attempt to reach a webhook, deliver.attempt one to send a mail.",
    {"kind": _words(KINDS), "end": _words(ENDS)},
)
RAN_SECONDS = Family("gatepost_job_seconds", "One run of a job.", {"kind": _words(KINDS)}, _SECONDS)

BEGAN = Family("commit_began", "When the commit of mail under way began, by time.monotonic(); 0: none is.", {})
"""Of each process for itself: no counter, and shown to nobody as it is."""
LACKS_FILES = Family("gatepost_files_used_up", "Processes that may open next to no further file.", {})
"""Of each process for itself, 1 or 0: the only figure of a board that may fall."""

FAMILIES = (
    DECIDED,
    REFUSED,
    CARRIED,
    CONNECTED,
    DISCONNECTED,
    COMMIT_SIZE,
    COMMIT_SECONDS,
    REMEMBERED,
    ASKED,
    ASKED_SECONDS,
    RAN,
    RAN_SECONDS,
)


def _layout() -> tuple[dict[str, dict[tuple[str, ...], int]], int]:
    places: dict[str, dict[tuple[str, ...], int]] = {}
    slot = 0
    for family in (*FAMILIES, BEGAN, LACKS_FILES):
        places[family.name] = {}
        for labels in family.series():
            places[family.name][labels] = slot
            slot += family.width
    return places, slot


PLACES, SLOTS = _layout()
"""Where each series lies, by family and label values; and how many slots there are."""


class Board:
    """One process's counters. A ``Meters``."""

    def __init__(self, memory: bytearray | mmap.mmap | None = None) -> None:
        self._slots = memoryview(memory or bytearray(SLOTS * SLOT_OCTETS)).cast("B").cast("d")
        self._slots[_CLOSED] = self._slots[_OPEN]  # a predecessor may have died with sessions open
        for place in _OF_NOW:  # and in a commit, or short of files
            self._slots[place] = 0.0

    @classmethod
    def shared(cls, path: Path) -> "Board":
        """Count where others can read it; goes on from what a predecessor at this place has counted.

        All of the file is laid on the disk now: of a page that had no room there later, the kernel would have nothing
        to say but SIGBUS (mmap(2)), and a full disk would end the house at the first count of another kind.

        Raises:
            OSError: there is no room for it.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.ftruncate(descriptor, SLOTS * SLOT_OCTETS)
            os.posix_fallocate(descriptor, 0, SLOTS * SLOT_OCTETS)
            return cls(mmap.mmap(descriptor, SLOTS * SLOT_OCTETS))
        finally:
            os.close(descriptor)

    @staticmethod
    def leave(path: Path) -> None:
        """Say that nothing is under way at this place: whoever counted there is dead, and nobody came after it yet.

        Raises:
            OSError: there is no board, or none that can be written.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_size == SLOTS * SLOT_OCTETS:
                for place in _OF_NOW:
                    os.pwrite(descriptor, bytes(SLOT_OCTETS), place * SLOT_OCTETS)
        finally:
            os.close(descriptor)

    def values(self) -> Sequence[float]:
        """Return every slot as it is now."""
        return self._slots.tolist()

    def decided(self, direction: str, disposition: str, reason: str) -> None:
        """Count one message that came to its end."""
        self._add(DECIDED, direction, disposition, reason)

    def refused(self, reason: str) -> None:
        """Count one mail turned away before there was a decision."""
        self._add(REFUSED, reason)

    def carried(self, seconds: float) -> None:
        """Measure one message from its last octet to our answer."""
        self._measure(CARRIED, seconds)

    def connected(self) -> None:
        """Count one SMTP session in."""
        self._slots[_OPEN] += 1

    def disconnected(self) -> None:
        """Count one SMTP session out."""
        self._slots[_CLOSED] += 1

    def committed(self, size: int, seconds: float) -> None:
        """Measure one commit."""
        self._measure(COMMIT_SIZE, size)
        self._measure(COMMIT_SECONDS, seconds)

    def committing(self, *, is_under_way: bool) -> None:
        """Note when the commit under way began."""
        self._slots[_BEGAN] = time.monotonic() if is_under_way else 0.0

    def note_files(self, *, are_used_up: bool) -> None:
        """Note whether this process may open next to no further file."""
        self._slots[_LACKS_FILES] = float(are_used_up)

    def remembered(self, answers: int = 1) -> None:
        """Count DNS answers that were in the cache."""
        self._slots[_HIT] += answers

    def asked(self, status: str, seconds: float) -> None:
        """Measure one DNS question put to the network."""
        self._add(ASKED, status)
        self._measure(ASKED_SECONDS, seconds)

    def ran(self, kind: str, end: str, seconds: float) -> None:
        """Measure one run of a job."""
        self._add(RAN, kind, end)
        self._measure(RAN_SECONDS, seconds, kind)

    def _add(self, family: Family, *labels: str) -> None:
        self._slots[_place(family, labels)] += 1

    def _measure(self, family: Family, value: float, *labels: str) -> None:
        first = _place(family, labels)
        self._slots[first + bisect_left(family.bounds, value)] += 1
        self._slots[first + len(family.bounds) + 1] += value


def _place(family: Family, labels: tuple[str, ...]) -> int:
    places = PLACES[family.name]
    found = places.get(labels)
    if found is not None:
        return found
    known = zip(labels, family.labels.values(), strict=True)
    return places[tuple(word if word in words else OTHER for word, words in known)]


_OPEN = PLACES[CONNECTED.name][()]
_CLOSED = PLACES[DISCONNECTED.name][()]
_BEGAN = PLACES[BEGAN.name][()]
_LACKS_FILES = PLACES[LACKS_FILES.name][()]
_OF_NOW = (_BEGAN, _LACKS_FILES)
_HIT = PLACES[REMEMBERED.name][()]


def total(boards: Iterable[Sequence[float]]) -> list[float]:
    """Add up boards, slot by slot."""
    return [sum(slots) for slots in zip([0.0] * SLOTS, *boards, strict=True)]


def commit_lasts_s(boards: Iterable[Sequence[float]]) -> float:
    """Return for how many seconds the oldest commit of mail has been under way; 0 where none is."""
    now = time.monotonic()  # the same for all processes of a machine (clock_gettime(2), CLOCK_MONOTONIC)
    return max((now - slots[_BEGAN] for slots in boards if slots[_BEGAN]), default=0.0)


def lacking_files(boards: Iterable[Sequence[float]]) -> int:
    """Return how many processes may open next to no further file."""
    return sum(slots[_LACKS_FILES] > 0 for slots in boards)


def read_all(folder: Path) -> Iterator[Sequence[float]]:
    """Yield the values of every board in the folder; a file of another size is no board of this release."""
    for path in sorted(folder.glob("*.board")):
        octets = path.read_bytes()
        if len(octets) == SLOTS * SLOT_OCTETS:
            yield memoryview(octets).cast("d").tolist()
