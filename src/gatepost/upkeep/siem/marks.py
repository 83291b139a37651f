"""Read which entries a SIEM's own export holds, whatever tool wrote it. Pure.

NDJSON as Splunk (``{"result": ...}``), Elastic (``{"_source": ...}``), an OpenTelemetry collector (many records in a
line) and others write it, also where they keep the record as text (``{"log": "..."}``), JSON arrays line by line, CSV
with a header, or lines of syslog. An event is known by its leaf index and leaf hash.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson

from gatepost.upkeep.siem.contents import leaf_hashes
from gatepost.upkeep.siem.syslog import SD_ID

DEPTH_MAX = 8
LINE_MAX_CHARS = 4 * 1024 * 1024
_HASH_CHARS = 64
_WHOLE = frozenset({"_msg", "_raw", "body", "event", "log", "message", "msg", "stringValue", "stringvalue"})
"""Names under which tools keep a record as the text it came as."""

_STRUCTURED = re.compile(
    r'\[gatepost@[0-9]{1,10} leaf_index="([0-9]{1,16})" leaf_hash="([0-9a-f]{64})" log_origin="([^"\\\]]{1,1000})"',
    re.ASCII,
)
"""What stands before a syslog message (``syslog.message``); inside of JSON no quote stands bare, so nobody fakes it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What an exported event says about its place, and the leaf hashes of what it says the entry was.

    ``origin`` is empty where it does not say, ``contents`` where it carries no entry.
    """

    leaf_index: int
    leaf_hash: str
    origin: str
    contents: frozenset[str] = frozenset()


def read_marks(lines: Iterable[str]) -> Iterator[Mark | None]:
    """Yield one mark per exported event; None where a line says nothing of the kind."""
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), "").lstrip("\ufeff")
    if first.lstrip().startswith(("{", "[")):
        for line in _chain(first, rest):
            text = line.strip().strip("\ufeff").removeprefix("[").removesuffix("]").rstrip(",")
            if text:
                yield from _from_json(text)
    elif "{" in first:
        for line in filter(str.strip, _chain(first, rest)):
            yield from _from_syslog(line)
    else:
        names = [each.strip().lower() for each in next(_rows(iter([first])), [])]
        yield from (_of(dict(zip(names, row, strict=False))) for row in _rows(rest) if row)


def _from_syslog(line: str) -> Iterator[Mark | None]:
    """Read the structured data, or the message behind a header that shows none of it."""
    found = _STRUCTURED.search(line[:LINE_MAX_CHARS])
    text = "{" + line.partition("{")[2].strip()
    if found is not None:
        yield Mark(int(found[1]), found[2], found[3], leaf_hashes(_loaded(text)))
    else:
        yield from _from_json(text)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _rows(lines: Iterator[str]) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines)
    except csv.Error:  # a field larger than any of ours; what follows cannot be told apart
        yield ["unreadable"]


def _from_json(text: str) -> Iterator[Mark | None]:
    found = _marks(_loaded(text), DEPTH_MAX)
    yield next(found, None)
    yield from found


def _loaded(text: str) -> Any:
    """Return what a text says in JSON; nothing where it is none, is too long or was cut."""
    if len(text) <= LINE_MAX_CHARS:
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(text)
    return None


def _marks(value: Any, depth: int) -> Iterator[Mark]:
    """Yield the marks of every object of a list, and of an object its own or those of its first member with any."""
    if depth == 0:
        return
    if isinstance(value, list):
        for each in value:
            yield from _marks(each, depth - 1)
    elif isinstance(value, dict):
        own = _from_row(value) or _from_row(_attributes(value.get("attributes")))
        if own is not None:
            yield _filled(own, value)
            return
        for name, each in value.items():
            found = _marks_in(each) if name in _WHOLE and isinstance(each, str) else _marks(each, depth - 1)
            first = next(found, None)
            if first is not None:
                yield _filled(first, value)
                yield from found
                return


def _marks_in(text: str) -> Iterator[Mark]:
    """Yield the marks of a record that stands as text within another: JSON, or a line of syslog."""
    marks = _from_json(text) if text.startswith("{") else _from_syslog(text)
    yield from (each for each in marks if each is not None)


def _filled(mark: Mark, event: dict[str, Any]) -> Mark:
    """Return a mark with the contents that stand beside it, where none stand within."""
    return mark if mark.contents else replace(mark, contents=leaf_hashes(event))


def _of(row: dict[str, Any]) -> Mark | None:
    """Return the mark of a flat event, with its contents."""
    found = _from_row(row)
    return None if found is None else _filled(found, row)


def _attributes(listed: Any) -> dict[str, Any]:
    """Read OpenTelemetry's list of keys and typed values."""
    pairs = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {
        str(each.get("key")): next(iter(each["value"].values()), None)
        for each in pairs
        if isinstance(each.get("value"), dict)
    }


def _from_row(row: dict[str, Any]) -> Mark | None:
    """Read our own names, those of ECS, of OCSF or of syslog's parameters; also dotted, as tools flatten them."""
    for index_name, hash_name, origin_name in _NAMES:
        index, leaf_hash = _number(_one(row.get(index_name))), _one(row.get(hash_name))
        if index is not None and isinstance(leaf_hash, str) and len(leaf_hash) == _HASH_CHARS:
            origin = _one(row.get(origin_name))
            return Mark(index, leaf_hash.lower(), origin if isinstance(origin, str) else "")
    return None


_NAMES = (
    ("leaf_index", "leaf_hash", "log_origin"),
    ("gatepost.leaf_index", "gatepost.leaf_hash", "gatepost.log_origin"),
    ("@leaf_index", "@leaf_hash", "@log_origin"),
    ("sequence", "original_event_uid", "log_name"),
    ("metadata.sequence", "metadata.original_event_uid", "metadata.log_name"),
    tuple(f"{SD_ID}.{name}" for name in ("leaf_index", "leaf_hash", "log_origin")),
)


def _one(value: Any) -> Any:
    """Return the one value of a field that says it several times.

    Splunk finds our marks twice, as indexed fields and in the event, and shows both: a list in JSON, lines in CSV.
    """
    several = value.split("\n") if isinstance(value, str) else value
    if isinstance(several, list) and several and all(each == several[0] for each in several):
        return several[0]
    return value


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip().replace(",", "") if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(2**53)) else None
