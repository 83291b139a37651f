"""Hold one entry's rows and opening to the leaf that the log proves: pure. The leaf is right by definition."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from gatepost.ids import TenantId
from gatepost.record.canonical import UnrecordableError, canonical
from gatepost.record.commitment import SALT_OCTETS, commit
from gatepost.record.erased import Erased
from gatepost.record.log_store import Stored
from gatepost.record.paper import Kind

NOTHING = Erased(())
_DECISION = ("in_reply_to", "thread", "direction", "disposition", "outcome", "reason")


def differences(octets: bytes, row: Stored, tenant: TenantId, erased: Erased = NOTHING) -> Iterator[str]:
    """Yield one sentence for each thing that does not agree with the leaf ``octets`` at the row's place.

    An opening may be missing where ``erased`` says so.
    """
    leaf = _read(octets)
    if leaf is None:
        yield f"leaf {row.leaf_index}: it is no entry of ours"
        return
    if leaf["seq"] != row.entry or leaf["tenant"] != tenant:
        yield f"leaf {row.leaf_index}: it is entry {leaf['seq']}, and the row says {row.entry}"
        return
    if row.columns is None:
        yield f"entry {row.entry}: it is missing"
    else:
        if row.leaf != octets:
            yield f"entry {row.entry}: its leaf is not the one in the log"
        yield from _columns("entry", row, row.columns, {"kind": leaf["kind"], "at": leaf["ts"]})
    yield from _opening(row, leaf, erased)
    yield from _rows(row, leaf)


def unfindable(row: Stored, wanted: Iterable[int]) -> Iterator[str]:
    """Yield what is wrong with the words of an entry that agrees with its leaf.

    Args:
        row: the entry.
        wanted: the tokens of what it says now. Until the indexer has come by, erased entries have more than these.
    """
    if row.tokens is None:
        if row.is_indexed:
            yield f"entry {row.entry}: no search finds it, the index does not have it"
        return
    if not row.tokens.issuperset(wanted):
        yield f"entry {row.entry}: it is not found by everything it says"
    elif row.opening is not None and not row.tokens.issubset(wanted):
        yield f"entry {row.entry}: it is found by what it does not say"
    if row.opening is not None and not row.is_under:
        yield f"entry {row.entry}: its words are not tied to the keys of its opening"


def _read(octets: bytes) -> dict[str, Any] | None:
    """Return a leaf's fields, or None where it is not in our one canonical spelling."""
    try:
        leaf = orjson.loads(octets)
        is_ours = isinstance(leaf, dict) and canonical(leaf).encode() == octets
    except (orjson.JSONDecodeError, UnrecordableError):
        return None
    wanted = {"seq", "tenant", "kind", "ts", "c", "salt_ref", "account", "email", "action", "decision"}
    if not is_ours or not wanted <= set(leaf) or not isinstance(leaf["c"], dict):
        return None
    return leaf  # type: ignore[no-any-return]  # seen to be a dict above


def _opening(row: Stored, leaf: Mapping[str, Any], erased: Erased) -> Iterator[str]:
    if row.is_erased:
        return  # that it had to be, another entry says
    if row.opening is None:
        if erased.covers(row.leaf_index, leaf["account"]):
            return
        yield f"entry {row.entry}: its opening is missing"
        return
    if not isinstance(row.opening, dict):
        yield f"entry {row.entry}: its opening is none"
        return
    if row.opening_ref != leaf["salt_ref"]:
        yield f"entry {row.entry}: the opening is named {row.opening_ref}, not {leaf['salt_ref']}"
    for name in sorted(set(row.opening) | set(leaf["c"])):
        if name not in leaf["c"]:
            yield f"entry {row.entry}: opening field {name} has no commitment"
        elif name not in row.opening:
            yield f"entry {row.entry}: opening field {name} is missing"
        elif not _opens(name, row.opening[name], leaf["c"][name]):
            yield f"entry {row.entry}: opening field {name} does not match its commitment"


def _opens(name: str, opened: Any, commitment: object) -> bool:
    """Tell whether salt and value open the commitment; whatever was written there, it only tells."""
    if not isinstance(opened, dict) or set(opened) != {"salt", "value"} or not isinstance(opened["salt"], str):
        return False
    try:
        salt = base64.b64decode(opened["salt"], validate=True)
        found = commit(name, salt, opened["value"])
    except ValueError:  # no base64, no ASCII, or no canonical form
        return False
    return len(salt) == SALT_OCTETS and base64.b64encode(found).decode() == commitment


def _rows(row: Stored, leaf: Mapping[str, Any]) -> Iterator[str]:
    common = {"account": leaf["account"], "email": leaf["email"]}
    if leaf["kind"] == Kind.DECISION:
        decision = leaf["decision"]
        wanted = {**common, "received_at": leaf["ts"], **{name: decision.get(name) for name in _DECISION}}
        present, absent, names = row.decision, row.consequence, ("decision_row", "consequence")
    else:
        wanted = {**common, "kind": leaf["kind"], "action": leaf["action"]}
        present, absent, names = row.consequence, row.decision, ("consequence", "decision_row")
    if absent is not None:
        yield f"{names[1]} of entry {row.entry}: the entry is of kind {leaf['kind']}"
    if present is None:
        yield f"{names[0]} of entry {row.entry}: it is missing"
    else:
        yield from _columns(names[0], row, present, wanted)


def _columns(table: str, row: Stored, columns: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for name, value in wanted.items():
        is_time = name in {"at", "received_at"}
        found = columns[name]
        if (datetime.fromisoformat(found) != datetime.fromisoformat(value)) if is_time else found != value:
            yield f"row of entry {row.entry}: {table}.{name} is not what the leaf says"
