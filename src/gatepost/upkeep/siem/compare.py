"""Find what a SIEM lacks: its own export of our events held to the log. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from gatepost.upkeep.siem.marks import Mark

RANGES_MAX = 1000

HashAt = Callable[[int], str]
"""From a place in the log to its leaf hash in lowercase hex."""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What was found.

    Attributes:
        size: the place after the last one that had to be there.
        present: places whose event is there and unchanged.
        read: those of them whose event carries the entry, which was held to the log; of others only the marks were.
        repeated: events that are there once more.
        repeats: their places.
        unreadable: events without marks.
        foreign: events of other logs.
        beyond: events of this log that were not asked for.
        unknown: places of events that this log has not got.
        changed: places of events that are not what the log says.
        missing: ranges, both ends included.
        missing_count: how many places that is.
    """

    size: int
    present: int = 0
    read: int = 0
    repeated: int = 0
    unreadable: int = 0
    foreign: int = 0
    beyond: int = 0
    repeats: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    missing_count: int = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether every entry is there, unchanged, and none that never was."""
        return not (self.missing_count or self.changed or self.unknown)


def compare(
    marks: Iterable[Mark | None], *, origin: str, start: int, size: int, log_size: int, hash_at: HashAt
) -> Comparison:
    """Hold marks to the places from ``start`` up to and without ``size`` of one log; an octet of memory each.

    Args:
        marks: of the events, None for one without.
        origin: the log's.
        start: the first place asked for.
        size: the place after the last one asked for.
        log_size: how many entries the log has; what lies there never left the house.
        hash_at: what the log says.
    """
    found = Comparison(size=size)
    seen = bytearray(max(size - start, 0))
    for mark in marks:
        if mark is None:
            found.unreadable += 1
        elif mark.origin not in {"", origin}:
            found.foreign += 1
        elif mark.leaf_index >= log_size:
            _name(found.unknown, mark)
        elif not start <= mark.leaf_index < size:
            found.beyond += 1
        elif hash_at(mark.leaf_index) != mark.leaf_hash or mark.contents - {mark.leaf_hash}:
            _name(found.changed, mark)
        elif seen[mark.leaf_index - start]:
            found.repeated += 1
            _name(found.repeats, mark)
        else:
            seen[mark.leaf_index - start] = 1
            found.present += 1
            found.read += bool(mark.contents)
    found.missing_count = len(seen) - found.present
    found.missing = list(_gaps(seen, start))
    return found


def _name(places: list[int], mark: Mark) -> None:
    if len(places) < RANGES_MAX:
        places.append(mark.leaf_index)


def _gaps(seen: bytearray, start: int) -> Iterator[tuple[int, int]]:
    at = seen.find(0)
    for _ in range(RANGES_MAX):
        if at < 0:
            return
        end = seen.find(1, at)
        end = len(seen) if end < 0 else end
        yield at + start, end - 1 + start
        at = seen.find(0, end)
