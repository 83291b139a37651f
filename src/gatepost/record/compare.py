"""Hold one entry's rows and opening to the leaf that the log proves: pure. The leaf is right by definition."""

from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import orjson
from msgspec import UNSET

from gatepost.ids import LeafIndex, TenantId
from gatepost.keys import ErasedError, KeyringError
from gatepost.record.canonical import UnrecordableError, canonical
from gatepost.record.check_store import CONSEQUENCE, DECISION, Held, Stretch, beside
from gatepost.record.commitment import SALT_OCTETS, commit, commitments
from gatepost.record.erased import Erased
from gatepost.record.paper import Kind

NOTHING = Erased(())
_PARTS = 2
"""What an opening has for each value: the value and its salt."""


class _Leaf(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A leaf read back, its commitments as they were hashed; what nothing is held to has no type."""

    account: int | None
    action: str
    c: dict[str, bytes]
    decision: dict[str, Any] | None
    email: str | None
    kind: str
    salt_ref: str
    seq: int
    tenant: str
    ts: str
    actor_ref: Any = UNSET
    detail: Any = UNSET
    key_epoch: Any = UNSET
    object_ref: Any = UNSET
    policy_version: Any = UNSET
    prev_decision_ref: Any = UNSET
    tokens: Any = UNSET
    v: Any = UNSET


def _refuse(number: str) -> float:
    raise ValueError(f"{number}: floats have several spellings, and seldom stand in a leaf")


_decode = msgspec.json.Decoder(_Leaf, float_hook=_refuse).decode
_encode = msgspec.json.Encoder(order="sorted").encode
_NEEDED = [field.name for field in msgspec.structs.fields(_Leaf) if field.required]


def doubtful(
    leaves: Sequence[bytes], start: int, stretch: Stretch, tenant: TenantId, erased: Erased = NOTHING
) -> Iterator[LeafIndex]:
    """Yield the places of the leaves, which stand in the log from ``start`` on, that ``differences`` must look at.

    All is there, agrees and is found at every other. To see that costs less than to name what does not, and is what
    most entries cost. A leaf with a float or with letters beyond ASCII is doubtful, and so is an opening in a spelling
    of its own.
    """
    for index, octets in enumerate(leaves, start):
        entry = stretch.places.get(index)
        if entry is None or entry not in stretch.findable or not _agrees(octets, index, entry, stretch, tenant, erased):
            yield LeafIndex(index)


def _agrees(octets: bytes, index: int, entry: int, held: Stretch, tenant: TenantId, erased: Erased) -> bool:
    try:
        leaf = _decode(octets)
        at = datetime.fromisoformat(leaf.ts)
    except ValueError:
        return False
    return (
        held.entries.get(entry) == (leaf.seq, octets, leaf.kind, at)
        and _encode(leaf) == octets
        and octets.isascii()
        and leaf.tenant == tenant
        and _is_whole(leaf)
        and (beside(held.decisions.get(entry)), beside(held.consequences.get(entry))) == _rows_of(leaf, at)
        and _is_open(index, leaf, held.openings.get(entry), held.opened.get(entry), erased)
    )


def _is_open(
    index: int,
    leaf: _Leaf,
    row: tuple[Any, ...] | None,
    opened: bytes | ErasedError | KeyringError | None,
    erased: Erased,
) -> bool:
    """Tell whether an opening holds what its leaf commits to, or nobody can read it and the log says why."""
    if row is None:
        return erased.covers(index, leaf.account)
    if isinstance(opened, ErasedError):
        return erased.shuts(index, leaf.ts)
    return isinstance(opened, bytes) and row[1] == leaf.salt_ref and commitments(opened) == leaf.c


def differences(octets: bytes, row: Held, tenant: TenantId, erased: Erased = NOTHING) -> Sequence[str]:
    """Return one sentence for each thing that does not agree with the leaf ``octets`` at the row's place.

    An opening may be missing, or lie there and open no more, where ``erased`` says so.
    """
    read = _read(octets)
    if read is None:
        return (f"leaf {row.leaf_index}: it is no entry of ours",)
    return tuple(_named(octets, row, tenant, *read, erased))


def _is_whole(leaf: _Leaf) -> bool:
    return leaf.decision is not None or leaf.kind != Kind.DECISION


def _named(octets: bytes, row: Held, tenant: TenantId, leaf: _Leaf, at: datetime, erased: Erased) -> Iterator[str]:
    if leaf.seq != row.entry or leaf.tenant != tenant:
        yield f"leaf {row.leaf_index}: it is entry {leaf.seq}, and the row says {row.entry}"
        return
    if row.leaf is None:
        yield f"entry {row.entry}: it is missing"
    else:
        if row.leaf != octets:
            yield f"entry {row.entry}: its leaf is not the one in the log"
        if row.kind != leaf.kind or row.at != at:
            yield from _columns("entry", row, ("kind", "at"), (row.kind, row.at), (leaf.kind, at))
    yield from _opening(row, leaf, erased)
    yield from _rows(row, leaf, at)


def unfindable(row: Held) -> Iterator[str]:
    """Yield what is wrong with the words of an entry: they are not those that the indexer wrote and sealed."""
    if row.tokens is None:
        if row.is_indexed:
            yield f"entry {row.entry}: no search finds it, the index does not have it"
        return
    if not row.is_sealed:
        yield f"entry {row.entry}: what it is found by is not what was indexed"
    elif row.opening is not None and not row.is_under:
        yield f"entry {row.entry}: its words are not tied to the keys of its opening"


def misfound(row: Held, found: Iterable[int], wanted: Iterable[int]) -> Iterator[str]:
    """Yield what is wrong with the words of an entry that agrees with its leaf, held to what it says.

    Args:
        row: the entry.
        found: the tokens it is found by.
        wanted: the tokens of what it says now. Until the indexer has come by, erased entries have more than these.
    """
    there, needed = set(found), set(wanted)
    if not there >= needed:
        yield f"entry {row.entry}: it is not found by everything it says"
    elif row.opening is not None and there != needed:
        yield f"entry {row.entry}: it is found by what it does not say"


def _read(octets: bytes) -> tuple[_Leaf, datetime] | None:
    """Return a leaf and its time, or None where it is not in our one canonical spelling, whatever fields it has."""
    try:
        fields = orjson.loads(octets)
        if canonical(fields).encode() != octets or not isinstance(fields["decision"], dict | None):
            return None
        leaf = _Leaf(**{name: fields[name] for name in _NEEDED})
        leaf.c = {name: _digest(value) for name, value in leaf.c.items()}
        return (leaf, datetime.fromisoformat(leaf.ts)) if _is_whole(leaf) else None
    except (AttributeError, KeyError, TypeError, ValueError, UnrecordableError):
        return None


def _digest(commitment: object) -> bytes:
    """Return the hash that a leaf commits to; empty where it is none, and then nothing opens it."""
    try:
        return a2b_base64(commitment, strict_mode=True)  # type: ignore[arg-type]  # whatever stands there
    except (TypeError, ValueError):
        return b""


def _opening(row: Held, leaf: _Leaf, erased: Erased) -> Iterator[str]:
    if row.is_erased:
        if not erased.shuts(row.leaf_index, leaf.ts):
            yield f"entry {row.entry}: its opening is under a key that is gone, and no entry says that it had to go"
        return
    if row.opening is None:
        if erased.covers(row.leaf_index, leaf.account):
            return
        yield f"entry {row.entry}: its opening is missing"
        return
    try:
        opening = orjson.loads(row.opening)
    except ValueError:
        opening = None
    if not isinstance(opening, dict):
        yield f"entry {row.entry}: its opening is none"
        return
    if row.opening_ref != leaf.salt_ref:
        yield f"entry {row.entry}: the opening is named {row.opening_ref}, not {leaf.salt_ref}"
    for name in sorted(opening.keys() | leaf.c.keys()):
        if problem := _problem(name, opening, leaf.c):
            yield f"entry {row.entry}: opening field {name} {problem}"


def _problem(name: str, opening: Mapping[str, Any], commitments: Mapping[str, bytes]) -> str:
    if name not in commitments:
        return "has no commitment"
    if name not in opening:
        return "is missing"
    return "" if _opens(name, opening[name], commitments[name]) else "does not match its commitment"


def _opens(name: str, opened: Any, commitment: bytes) -> bool:
    """Tell whether salt and value open the commitment; whatever was written there, it only tells."""
    try:
        salt = a2b_base64(opened["salt"], strict_mode=True)
        found = commit(name, salt, opened["value"])
    except (KeyError, TypeError, ValueError):  # not the two, no base64, or no canonical form
        return False
    return len(opened) == _PARTS and len(salt) == SALT_OCTETS and found == commitment


def _rows_of(leaf: _Leaf, at: datetime) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """Return the columns that ``decision_row`` and ``consequence`` must have beside a leaf; None for no such row."""
    if leaf.kind == Kind.DECISION and leaf.decision is not None:
        return (leaf.account, leaf.email, *map(leaf.decision.get, DECISION[2:-1]), at), None
    return None, (leaf.account, leaf.email, leaf.kind, leaf.action)


def _rows(row: Held, leaf: _Leaf, at: datetime) -> Iterator[str]:
    decision, consequence = _rows_of(leaf, at)
    yield from _row("decision_row", row, DECISION, (row.decision, decision), leaf.kind)
    yield from _row("consequence", row, CONSEQUENCE, (row.consequence, consequence), leaf.kind)


def _row(
    table: str, row: Held, names: Sequence[str], both: tuple[tuple[Any, ...] | None, tuple[Any, ...] | None], kind: str
) -> Iterator[str]:
    found, wanted = both
    if wanted is None and found is not None:
        yield f"{table} of entry {row.entry}: the entry is of kind {kind}"
    elif wanted is not None and found is None:
        yield f"{table} of entry {row.entry}: it is missing"
    elif found is not None and wanted is not None:
        yield from _columns(table, row, names, found, wanted)


def _columns(
    table: str, row: Held, names: Sequence[str], found: tuple[Any, ...], wanted: tuple[Any, ...]
) -> Iterator[str]:
    for name, there, said in zip(names, found, wanted, strict=True):
        if there != said:
            yield f"row of entry {row.entry}: {table}.{name} is not what the leaf says"
