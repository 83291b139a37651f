"""Find what a SIEM lacks: its own export of our events held to the log. Pure.

Whatever the tool writes is read: NDJSON as Splunk (``{"result": ...}``), Elastic (``{"_source": ...}``) and others
export it, JSON arrays line by line, or CSV with a header. An event is known by its leaf index and leaf hash.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

DEPTH_MAX = 8
RANGES_MAX = 1000
LINE_MAX_CHARS = 4 * 1024 * 1024
_HASH_CHARS = 64

HashAt = Callable[[int], str]
"""From a place in the log to its leaf hash in lowercase hex."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What an exported event says about its place. ``origin`` is empty where it does not say."""

    leaf_index: int
    leaf_hash: str
    origin: str


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


def read_marks(lines: Iterable[str]) -> Iterator[Mark | None]:
    """Yield one mark per exported event; None where a line says nothing of the kind."""
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), "")
    if first.lstrip("\ufeff").lstrip().startswith(("{", "[")):
        for line in _chain(first, rest):
            text = line.strip().strip("\ufeff").removeprefix("[").removesuffix("]").rstrip(",")
            if text:
                yield _from_json(text)
        return
    names = [each.strip().lower() for each in next(csv.reader([first.lstrip("\ufeff")]), [])]
    yield from (_from_row(dict(zip(names, row, strict=False))) for row in _rows(rest) if row)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _rows(lines: Iterator[str]) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines)
    except csv.Error:  # a field larger than any of ours; what follows cannot be told apart
        yield ["unreadable"]


def _from_json(text: str) -> Mark | None:
    if len(text) > LINE_MAX_CHARS:
        return None
    try:
        return _mark(orjson.loads(text), DEPTH_MAX)
    except orjson.JSONDecodeError:
        return None


def _mark(value: Any, depth: int) -> Mark | None:
    """Return the mark of the nearest object that has one, its own members first."""
    if not isinstance(value, dict) or depth == 0:
        return None
    return _from_row(value) or next(
        (found for each in value.values() if (found := _mark(each, depth - 1)) is not None), None
    )


def _from_row(row: dict[str, Any]) -> Mark | None:
    """Read our own names, those of ECS or those of OCSF; also dotted, as tools flatten them."""
    for index_name, hash_name, origin_name in _NAMES:
        index, leaf_hash = _number(row.get(index_name)), row.get(hash_name)
        if index is not None and isinstance(leaf_hash, str) and len(leaf_hash) == _HASH_CHARS:
            origin = row.get(origin_name)
            return Mark(index, leaf_hash.lower(), origin if isinstance(origin, str) else "")
    return None


_NAMES = (
    ("leaf_index", "leaf_hash", "log_origin"),
    ("gatepost.leaf_index", "gatepost.leaf_hash", "gatepost.log_origin"),
    ("@leaf_index", "@leaf_hash", "@log_origin"),
    ("sequence", "original_event_uid", "log_name"),
    ("metadata.sequence", "metadata.original_event_uid", "metadata.log_name"),
)


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip().replace(",", "") if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(2**53)) else None
