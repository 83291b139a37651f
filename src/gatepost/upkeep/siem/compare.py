"""Find what a SIEM lacks: its own export of our events held to the log. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from gatepost.upkeep.siem.marks import Mark

RANGES_MAX = 1000

HashAt = Callable[[int], str]
"""From a place in the log to its leaf hash in lowercase hex."""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What was found. ``missing``: ranges, both ends included."""

    size: int
    present: int = 0
    repeated: int = 0
    unreadable: int = 0
    foreign: int = 0
    beyond: int = 0
    changed: list[int] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    missing_count: int = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether every entry is there, unchanged."""
        return not self.missing_count and not self.changed


def compare(marks: Iterable[Mark | None], *, origin: str, start: int, size: int, hash_at: HashAt) -> Comparison:
    """Hold marks to the places from ``start`` up to and without ``size`` of one log; an octet of memory each."""
    found = Comparison(size=size)
    seen = bytearray(max(size - start, 0))
    for mark in marks:
        if mark is None:
            found.unreadable += 1
        elif mark.origin not in {"", origin}:
            found.foreign += 1
        elif not start <= mark.leaf_index < size:
            found.beyond += 1
        elif hash_at(mark.leaf_index) != mark.leaf_hash:
            if len(found.changed) < RANGES_MAX:
                found.changed.append(mark.leaf_index)
        elif seen[mark.leaf_index - start]:
            found.repeated += 1
        else:
            seen[mark.leaf_index - start] = 1
            found.present += 1
    found.missing_count = len(seen) - found.present
    found.missing = list(_gaps(seen, start))
    return found


def _gaps(seen: bytearray, start: int) -> Iterator[tuple[int, int]]:
    at = seen.find(0)
    for _ in range(RANGES_MAX):
        if at < 0:
            return
        end = seen.find(1, at)
        end = len(seen) if end < 0 else end
        yield at + start, end - 1 + start
        at = seen.find(0, end)
