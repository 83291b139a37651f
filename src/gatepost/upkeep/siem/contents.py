"""What an exported event says its entry was, as leaf hashes: the marks beside it may be whole where it is not. Pure.

ECS and OCSF carry the leaf's exact octets; of a native event the canonical spelling is made anew. Fields derived from
the leaf, and values that its commitments hide, are no part of it: nothing is said of them.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

from gatepost.ledger.merkle import leaf_hash
from gatepost.record.canonical import UnrecordableError, canonical

DEPTH_MAX = 8
NONE_OF_OURS = "unreadable"
"""Stands for a leaf that has no canonical spelling, and so is none that we wrote."""

_EXACT = frozenset({"original", "event.original", "raw_data", "ocsf.raw_data"})
_JSON = frozenset({"_raw", "body", "stringValue", "stringvalue", "native", "event"})
_MESSAGE = "_msg"
"""What VictoriaLogs keeps as an event's message: the body, or the field it was told to take for it."""

_NOT_OURS = frozenset({"opened", "unmapped"})
_OF_EACH_LEAF = frozenset({"seq", "salt_ref", "c"})


def leaf_hashes(value: Any, depth: int = DEPTH_MAX) -> frozenset[str]:
    """Return the leaf hash of each copy of the entry in one event; none where it carries none, or a tool cut it."""
    return frozenset(_hashes(value, depth)) if isinstance(value, dict) else frozenset()


def _hashes(event: dict[str, Any], depth: int) -> Iterator[str]:
    if depth == 0:
        return
    for name, value in event.items():
        if name == _MESSAGE:
            yield from _of_message(value, depth)
        elif name in _EXACT and _is_object(value):
            yield _of_octets(value)
        elif name == "leaf":
            yield from _of_leaf(_read(value))
        elif name not in _NOT_OURS:
            inner = _read(value) if name in _JSON else value
            if isinstance(inner, dict):
                yield from _hashes(inner, depth - 1)


def _of_message(value: Any, depth: int) -> Iterator[str]:
    """Yield the hashes of what an event's message says: a leaf's exact octets, or an event that carries one."""
    text = value.removeprefix("\ufeff") if isinstance(value, str) else value
    inner = _read(text)
    if isinstance(inner, dict) and inner.keys() >= _OF_EACH_LEAF:
        yield _of_octets(text)
    elif isinstance(inner, dict):
        yield from _hashes(inner, depth - 1)


def _of_octets(text: str) -> str:
    return leaf_hash(text.encode("utf-8", "replace")).hex()


def _of_leaf(leaf: Any) -> Iterator[str]:
    """Yield a native leaf's hash. Each leaf has a field that is null: a tool that drops those has cut it."""
    if isinstance(leaf, dict) and None in leaf.values():
        try:
            yield leaf_hash(canonical(leaf).encode("utf-8", "replace")).hex()
        except UnrecordableError:
            yield NONE_OF_OURS


def _read(value: Any) -> Any:
    """Return the JSON in a text, or what is no text as it is."""
    if _is_object(value):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(value)
    return value


def _is_object(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{")
