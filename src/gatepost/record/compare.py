"""Hold one entry's rows and opening to the leaf that the log proves: pure. The leaf is right by definition."""

from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import orjson
from msgspec import UNSET

from gatepost.ids import LeafIndex, TenantId
from gatepost.keys import ErasedError
from gatepost.ledger.merkle import leaf_hash
from gatepost.record.canonical import UnrecordableError, canonical
from gatepost.record.check_store import CONSEQUENCE, DECISION, Held, Stretch, beside
from gatepost.record.commitment import SALT_OCTETS, commit, commitments
from gatepost.record.erased import Erased
from gatepost.record.paper import Kind

NOTHING = Erased(())
_PARTS = 2
"""What an opening has for each value: the value and its salt."""
_TOGETHER = 32
"""Entries that are looked at as one."""


class _Decision(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What a decision's leaf may say in clear (``told.codes``, ``told.phrases``); any of it may be committed to."""

    arc: Any = UNSET
    auth: Any = UNSET
    capabilities: Any = UNSET
    direction: Any = UNSET
    disposition: Any = UNSET
    dkim: Any = UNSET
    dmarc: Any = UNSET
    door: Any = UNSET
    in_reply_to: Any = UNSET
    injection: Any = UNSET
    is_aligned: Any = UNSET
    labels: Any = UNSET
    outcome: Any = UNSET
    reason: Any = UNSET
    rule_index: Any = UNSET
    scans: Any = UNSET
    size_octets: Any = UNSET
    spf: Any = UNSET
    tenant_policy: Any = UNSET
    thread: Any = UNSET
    tls: Any = UNSET
    trace: Any = UNSET


class _Leaf(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A leaf read back, its commitments as they are spelled; what nothing is held to has no type."""

    account: int | None
    action: str
    c: msgspec.Raw
    decision: _Decision | None
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


_decode_lines = msgspec.json.Decoder(_Leaf, float_hook=_refuse).decode_lines
_encode_lines = msgspec.json.Encoder(order="sorted").encode_lines
_decode_commitments = msgspec.json.Decoder(dict[str, bytes]).decode_lines
_NEEDED = {field.name for field in msgspec.structs.fields(_Leaf) if field.required} - {"c", "decision"}
_said = attrgetter(*DECISION[2:-1])
"""What a decision's row repeats of what its leaf has under ``decision``."""


class _Read(NamedTuple):
    """A leaf of ours, whatever fields it has, and what its rows and its opening are held to."""

    leaf: _Leaf
    at: datetime
    said: tuple[Any, ...] | None
    commitments: Mapping[str, bytes]


def doubtful(
    leaves: Sequence[bytes],
    hashes: Sequence[bytes],
    start: int,
    held: Stretch,
    tenant: TenantId,
    erased: Erased = NOTHING,
) -> Iterator[LeafIndex]:
    """Yield the places of the leaves, which stand in the log from ``start`` on, that ``differences`` must look at.

    All is there, agrees and is found at every other. Many are looked at together, which costs least and is all that
    most logs need; where something is amiss each half is looked at, down to the one. A leaf with a float, with letters
    beyond ASCII or with a field of another release is doubtful, and so is an opening in a spelling of its own.

    Args:
        leaves: as the log has them.
        hashes: their leaf hashes.
        start: the place of the first.
        held: what the tables have of these places, and maybe of more.
        tenant: whose log.
        erased: what had to be removed.
    """
    if len(leaves) <= _TOGETHER and _agree(leaves, hashes, start, held, tenant, erased):
        return
    if len(leaves) == 1:
        yield LeafIndex(start)
        return
    middle = len(leaves) // 2
    yield from doubtful(leaves[:middle], hashes[:middle], start, held, tenant, erased)
    yield from doubtful(leaves[middle:], hashes[middle:], start + middle, held, tenant, erased)


def _agree(
    leaves: Sequence[bytes], hashes: Sequence[bytes], start: int, held: Stretch, tenant: TenantId, erased: Erased
) -> bool:
    """Tell whether all is there, agrees and is found at every place."""
    lines = b"\n".join((*leaves, b""))
    try:
        read = _decode_lines(lines)
        times = [datetime.fromisoformat(leaf.ts) for leaf in read]
    except ValueError:
        return False
    numbers = [leaf.seq for leaf in read]
    return (
        lines.isascii()
        and _encode_lines(read) == lines
        and [held.places.get(index) for index in range(start, start + len(leaves))] == numbers
        and held.findable >= set(numbers)
        and all(leaf.tenant == tenant and (leaf.decision or leaf.kind != Kind.DECISION) for leaf in read)
        and [*map(held.entries.get, numbers)]
        == [(leaf.seq, made, leaf.kind, at) for leaf, made, at in zip(read, hashes, times, strict=True)]
        and [(held.decisions.get(number), held.consequences.get(number)) for number in numbers]
        == [
            _rows_of(leaf, at, _said(leaf.decision) if leaf.decision else None)
            for leaf, at in zip(read, times, strict=True)
        ]
        and _are_open(read, start, held, erased)
    )


def _are_open(leaves: Sequence[_Leaf], start: int, held: Stretch, erased: Erased) -> bool:
    """Tell whether openings hold what their leaves commit to, or nobody can read them and the log says why."""
    wanted, openings, shut = [], [], []
    for index, leaf in enumerate(leaves, start):
        row, opened = held.openings.get(leaf.seq), held.opened.get(leaf.seq)
        if isinstance(opened, bytes) and row is not None and row[1] == leaf.salt_ref:
            wanted.append(leaf.c)
            openings.append(opened)
        elif erased.covers(index, leaf.account) if row is None else _is_shut(opened, index, leaf, erased):
            shut.append(leaf.c)
        else:
            return False
    made, lines = commitments(openings), b"\n".join((*shut, b""))
    if made is None or _encode_lines(made) != b"\n".join((*wanted, b"")):
        return False
    try:
        return not shut or _encode_lines(_decode_commitments(lines)) == lines
    except ValueError:
        return False


def _is_shut(opened: object, index: int, leaf: _Leaf, erased: Erased) -> bool:
    return isinstance(opened, ErasedError) and erased.shuts(index, leaf.ts)


def differences(octets: bytes, row: Held, tenant: TenantId, erased: Erased = NOTHING) -> Sequence[str]:
    """Return one sentence for each thing that does not agree with the leaf ``octets`` at the row's place.

    An opening may be missing, or lie there and open no more, where ``erased`` says so.
    """
    read = _read(octets)
    if read is None:
        return (f"leaf {row.leaf_index}: it is no entry of ours",)
    return tuple(_named(octets, row, tenant, read, erased))


def _named(octets: bytes, row: Held, tenant: TenantId, read: _Read, erased: Erased) -> Iterator[str]:
    leaf = read.leaf
    if leaf.seq != row.entry or leaf.tenant != tenant:
        yield f"leaf {row.leaf_index}: it is entry {leaf.seq}, and the row says {row.entry}"
        return
    if row.leaf_hash is None:
        yield f"entry {row.entry}: it is missing"
    else:
        if row.leaf_hash != leaf_hash(octets):
            yield f"entry {row.entry}: its leaf is not the one in the log"
        if row.kind != leaf.kind or row.at != read.at:
            yield from _columns("entry", row, ("kind", "at"), (row.kind, row.at), (leaf.kind, read.at))
    yield from _opening(row, read, erased)
    yield from _rows(row, read)


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


def _read(octets: bytes) -> _Read | None:
    """Return a leaf, or None where it is not in our one canonical spelling, whatever fields it has."""
    try:
        fields = orjson.loads(octets)
        decision = fields["decision"]
        if canonical(fields).encode() != octets or not isinstance(decision, dict | None):
            return None
        leaf = _Leaf(c=msgspec.Raw(), decision=None, **{name: fields[name] for name in _NEEDED})
        if decision is None and leaf.kind == Kind.DECISION:
            return None
        said = None if decision is None else tuple(map(decision.get, DECISION[2:-1]))
        made = {name: _digest(value) for name, value in fields["c"].items()}
        return _Read(leaf, datetime.fromisoformat(leaf.ts), said, made)
    except (AttributeError, KeyError, TypeError, ValueError, UnrecordableError):
        return None


def _digest(commitment: object) -> bytes:
    """Return the hash that a leaf commits to; empty where it is none, and then nothing opens it."""
    try:
        return a2b_base64(commitment, strict_mode=True)  # type: ignore[arg-type]  # whatever stands there
    except (TypeError, ValueError):
        return b""


def _opening(row: Held, read: _Read, erased: Erased) -> Iterator[str]:
    leaf = read.leaf
    if row.is_erased:
        if not erased.shuts(row.leaf_index, leaf.ts):
            yield f"entry {row.entry}: its opening is under a key that {_why_gone(row, leaf.ts, erased)}"
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
    for name in sorted(opening.keys() | read.commitments.keys()):
        if problem := _problem(name, opening, read.commitments):
            yield f"entry {row.entry}: opening field {name} {problem}"


def _why_gone(row: Held, written: str, erased: Erased) -> str:
    """Say of a key that no entry excuses whether anybody destroyed it, and after which acceptance it was missed."""
    lost, destroyed = "is lost: nobody destroyed it", "was destroyed, and no entry says that it had to go"
    told = lost if row.is_lost else destroyed
    accepted = erased.accepted_after(written)
    return told if accepted is None else f"{told}; entry {accepted} accepted an older key store since (keys.accept)"


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


def _rows_of(
    leaf: _Leaf, at: datetime, said: tuple[Any, ...] | None
) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """Return the rows that ``decision_row`` and ``consequence`` must have beside a leaf; None for no such row."""
    if leaf.kind == Kind.DECISION and said is not None:
        return (leaf.seq, leaf.account, leaf.email, *said, at), None
    return None, (leaf.seq, leaf.account, leaf.email, leaf.kind, leaf.action)


def _rows(row: Held, read: _Read) -> Iterator[str]:
    kind, (decision, consequence) = read.leaf.kind, _rows_of(read.leaf, read.at, read.said)
    yield from _row("decision_row", row, DECISION, (row.decision, beside(decision)), kind)
    yield from _row("consequence", row, CONSEQUENCE, (row.consequence, beside(consequence)), kind)


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
