"""Roll a database that was restored to an older point forward to what its logs have published.

What was published stays: the rows behind every published entry lie on the second store, openings sealed, and come back
from there. Entries of all tenants share one sequence of numbers, so all logs are rolled forward together:

1. every log is held to its newest checkpoint, and the numbers its missing entries had are learnt; nothing is written;
2. the next number is above all of them, before anything is written;
3. what was accepted since the restore under one of these numbers, and has no place yet, takes another number;
4. each log comes back in one transaction, in which whoever calls carries out again what its entries say; what is
   remembered of its erasures in the next. A run that was cut off is finished by the next.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from gatepost.blobs import Blobs
from gatepost.db import Database, Transaction
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import VerifierKey
from gatepost.ledger.tiles import ENTRIES, WIDTH, Edge, edge_tiles, tile_at, tiles_of, unpack
from gatepost.record import copied, erase_store, files, log_store, signed, store
from gatepost.record.entry import renumbered
from gatepost.record.log_store import Accepted, LogKey


class CannotRecoverError(Exception):
    """The logs cannot be rolled forward from here; the text says why. No entry was written."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one log.

    Attributes:
        tenant: whose it is.
        entries: how many came back.
        renumbered: how many accepted meanwhile have another number.
        settled: how many things that they say were done will not be done again.
    """

    tenant: TenantId
    entries: int
    renumbered: int
    settled: int = 0


Settle = Callable[[Transaction, LeafIndex], Awaitable[int]]
"""Holds the other tables to the entries from that place on, in the transaction in which they came back."""


async def _nothing(_tx: Transaction, _since: LeafIndex) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """A published entry as the second store has it: its leaf, and all rows behind it by their names."""

    leaf: bytes
    rows: Mapping[str, Any]

    @property
    def number(self) -> EntryId:
        """The number its rows have, which the leaf says too: that is what the root vouches for."""
        try:
            said = EntryId(int(orjson.loads(self.leaf)["seq"]))
            lies = {each.get("entry", each.get("id")) for each in self.rows.values() if each is not None}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LedgerError("a row of the second store cannot be read") from error
        if lies != {said}:
            raise LedgerError(f"the rows of entry {said} on the second store are under another number")
        return said


@dataclass(frozen=True, slots=True)
class _Log:
    """One log with a checkpoint: its newest, how many places the database knows, and what it lacks.

    Attributes:
        note: the newest checkpoint that was signed, ``head``.
        shown: the newest that was published: an older one where a house ended, or waited for witnesses, before.
        known: the size of the newest the database remembers.
        is_behind: the database does not remember the newest checkpoint.
        lowest: the lowest number of an entry the database lacks; None where it lacks none.
        highest: the same, the highest.
    """

    tenant: TenantId
    key: LogKey
    note: bytes
    head: Checkpoint
    shown: bytes | None
    known: int
    have: int
    is_behind: bool
    lowest: EntryId | None = None
    highest: EntryId | None = None


async def recover(
    db: Database, own: Database, blobs: Blobs, second: Blobs, *, now: datetime, settle: Settle = _nothing
) -> list[Recovered]:
    """Bring the database and the first store up to the newest published checkpoint of every log.

    Args:
        db: as the role that serves.
        own: as the keeper's role, which alone may give an entry another number and remember erasures.
        blobs: the first store.
        second: the second, from which the rows come.
        now: of the house's clock.
        settle: holds queues to what came back.

    Returns:
        one for each log something came back to or was renumbered in.

    Raises:
        CannotRecoverError: see there.
        LedgerError: a file of the second store is damaged.
        BlobsUnavailableError: a store does not answer.
    """
    tenants = {*await log_store.tenants_with_log(db), *await _lying(second, now)}
    logs = [log for tenant in sorted(tenants) if (log := await _look(db, blobs, second, tenant)) is not None]
    tenants.update(await log_store.tenants_waiting(db))
    strangers = await _strangers(db, second, logs, tenants)
    if highest := max((log.highest for log in logs if log.highest is not None), default=None):
        await log_store.pass_numbers(db, highest)
    for tenant, entries in strangers.items():
        await _renumber(own, tenant, entries)
    came = {log.tenant: await _bring_back(db, blobs, second, log, settle) for log in logs}
    for log in logs:
        async with own.transaction(log.tenant) as tx:
            await erase_store.put_back_erasures(tx)
    done = [
        Recovered(each, entries, len(strangers.get(each, ())), settled)
        for each in sorted(tenants)
        for entries, settled in [came.get(each, (0, 0))]
    ]
    return [each for each in done if each.entries or each.renumbered]


async def _lying(second: Blobs, now: datetime) -> set[TenantId]:
    """Return whose logs lie on the second store: the database may be older than a tenant."""
    later = now.replace(year=now.year + 1, month=1, day=1)
    found: set[TenantId] = set()
    async for page in second.names("log", later):
        parts = [path.split("/") for path in page]
        found.update(TenantId(each[1]) for each in parts if len(each) == 3 and each[2] == "key")  # noqa: PLR2004  # log/TENANT/key
    return found


async def _look(db: Database, blobs: Blobs, second: Blobs, tenant: TenantId) -> _Log | None:
    """Hold one log's rows on the second store to its newest checkpoint, and the database to them."""
    async with db.transaction(tenant) as tx:
        if not await log_store.try_lock(tx):
            raise CannotRecoverError("another process writes the log: stop the house first")
        key = await _key(await log_store.log_key(tx), second, tenant)
        verifier = VerifierKey.parse(key.vkey)
        shown = _newest([await each.read(files.checkpoint_path(tenant)) for each in (blobs, second)], verifier)
        listed = (await signed.last(second, tenant, await log_store.count_checkpoints(tx)))[1]
        newest = _newest([shown and shown[0], *listed[-1:]], verifier)
        if newest is None:
            return None
        note, head = newest
        have = await log_store.size(tx)
        remembered = await log_store.last_checkpoint(tx)
        known = None if remembered is None else Checkpoint.open(remembered, verifier)
        log = _Log(tenant, key, note, head, shown and shown[0], known.size if known else 0, have, is_behind=True)
        if known is not None and (known.size > head.size or known == head):
            return replace(log, is_behind=False)
        numbers = [number async for number in _held(tx, second, tenant, head, have)]
    return replace(log, lowest=min(numbers, default=None), highest=max(numbers, default=None))


async def _key(kept: LogKey | None, second: Blobs, tenant: TenantId) -> LogKey:
    copy = await second.read(files.key_path(tenant))
    if kept is None:
        return LogKey.read(copy or b"")
    if copy is not None and LogKey.read(copy).vkey != kept.vkey:
        raise CannotRecoverError("the database and the second store know different keys of the log")
    return kept


def _newest(notes: Sequence[bytes | None], key: VerifierKey) -> tuple[bytes, Checkpoint] | None:
    found = [(note, Checkpoint.open(note, key)) for note in notes if note is not None]
    return max(found, key=lambda each: each[1].size) if found else None


async def _held(
    tx: Transaction, second: Blobs, tenant: TenantId, head: Checkpoint, have: int
) -> AsyncIterator[EntryId]:
    """Hold all rows to the checkpoint's root; give the numbers of the entries the database has no place for."""
    edge = Edge()
    for piece in files.pieces(head.size):
        entries = await _copied(second, tenant, piece, head.size)
        leaves = [each.leaf for each in entries]
        edge, _ = edge.grow(leaves)
        known = range(piece.start, min(piece.stop, have))
        if known and await log_store.leaves(tx, known.start, known.stop) != leaves[: len(known)]:
            raise CannotRecoverError(f"the database has gone on with other entries than the log of {tenant} published")
        for each in entries[len(known) :]:
            yield each.number
    if edge.size != head.size or edge.root != head.root:
        raise CannotRecoverError(f"the second store's entries are not those of the newest checkpoint of {tenant}")


async def _copied(second: Blobs, tenant: TenantId, piece: files.Piece, size: int) -> list[_Entry]:
    """Return the entries of a piece of a log of ``size``: leaves from their bundle, and the rows behind them."""
    tile = tile_at(ENTRIES, piece.start // WIDTH, size)
    bundle, lines = await files.read_tile(second, tenant, tile), await files.read_rows(second, tenant, piece)
    if bundle is None or lines is None:
        what = "entries" if bundle is None else "rows of the entries"
        raise CannotRecoverError(f"the second store has no {what} of {tenant} from {piece.start}")
    if len(lines) != len(piece):
        raise CannotRecoverError(f"the second store's rows of the entries of {tenant} from {piece.start} are cut short")
    leaves = unpack(tile, bundle)[piece.start % WIDTH :][: len(piece)]
    return [_Entry(leaf, copied.read(line, leaf)) for leaf, line in zip(leaves, lines, strict=True)]


async def _missing(second: Blobs, log: _Log) -> AsyncIterator[list[_Entry]]:
    """Give the entries the database has no place for, piece by piece."""
    size = log.head.size
    for piece in files.pieces(size, log.have) if log.is_behind and log.have < size else []:
        yield (await _copied(second, log.tenant, piece, size))[max(log.have - piece.start, 0) :]


async def _strangers(
    db: Database, second: Blobs, logs: Sequence[_Log], tenants: Iterable[TenantId]
) -> dict[TenantId, list[Accepted]]:
    """Return, by tenant, what was accepted since the restore under numbers the logs had given to others.

    Raises:
        CannotRecoverError: one of these has a place in its log already: it can neither stay nor go.
    """
    lowest = min((log.lowest for log in logs if log.lowest is not None), default=None)
    since: dict[EntryId, tuple[TenantId, Accepted]] = {}
    for tenant in sorted(tenants) if lowest is not None else ():
        async with db.transaction(tenant) as tx:
            since.update({each.entry: (tenant, each) for each in await log_store.accepted_from(tx, lowest or 0)})
    found: dict[TenantId, list[Accepted]] = {}
    for log in logs if since else ():
        async for entries in _missing(second, log):
            for entry in entries:
                tenant, accepted = since.get(entry.number, (log.tenant, None))
                if accepted is None or (tenant == log.tenant and accepted.leaf == entry.leaf):
                    continue
                if accepted.is_placed:
                    raise CannotRecoverError(
                        f"entry {accepted.entry} stands in the log of {tenant}, under a number that the log of"
                        f" {log.tenant} has given to another: restore a newer backup of the database"
                    )
                found.setdefault(tenant, []).append(accepted)
    return found


async def _renumber(own: Database, tenant: TenantId, entries: Sequence[Accepted]) -> None:
    """Give entries without a place other numbers, in their order."""
    async with own.transaction(tenant) as tx:
        fresh = await store.draw_numbers(tx, len(entries))
        ordered = sorted(entries, key=lambda each: each.entry)
        numbers = {each.entry: number for each, number in zip(ordered, fresh, strict=True)}
        for each in ordered:
            await log_store.renumber(tx, each.entry, numbers[each.entry], renumbered(each.leaf, numbers))


async def _bring_back(db: Database, blobs: Blobs, second: Blobs, log: _Log, settle: Settle) -> tuple[int, int]:
    """Return how many entries came back, and what ``settle`` made of them."""
    entries = max(log.head.size - log.have, 0) if log.is_behind else 0
    async with db.transaction(log.tenant) as tx:
        if not await log_store.try_lock(tx) or await log_store.size(tx) != log.have:
            raise CannotRecoverError("another process writes the log: stop the house first")
        async for came in _missing(second, log):
            await log_store.put_back(tx, [each.rows for each in came])
        await log_store.add_log_key(tx, log.key)
        if log.is_behind:
            await _remember(tx, second, log)
        await _first_store(blobs, second, log)
        return entries, await settle(tx, LeafIndex(log.have)) if entries else 0


async def _remember(tx: Transaction, second: Blobs, log: _Log) -> None:
    """Remember every checkpoint that was signed since, and the newest also where the list does not reach it."""
    last = log.known
    async for size, note in signed.after(second, log.tenant, log.known, VerifierKey.parse(log.key.vkey)):
        await log_store.keep_checkpoint(tx, size, note)
        last = size
    if last < log.head.size:
        await log_store.keep_checkpoint(tx, log.head.size, _signed_alone(log.note, log.head))


def _signed_alone(note: bytes, head: Checkpoint) -> bytes:
    """Return the note as the database remembers it: without the lines after the log's own signature."""
    text = head.text.encode() + b"\n"
    return text + note.removeprefix(text).splitlines(keepends=True)[0]


async def _first_store(blobs: Blobs, second: Blobs, log: _Log) -> None:
    shown = 0 if log.shown is None else signed.size_of(log.shown)
    wanted = {*tiles_of(log.head.size), *edge_tiles(log.head.size), *edge_tiles(shown)}
    there = await files.read_tiles(blobs, log.tenant, wanted)
    lost = await files.read_tiles(second, log.tenant, wanted - there.keys())
    await files.write_tiles(blobs, log.tenant, lost)
    if log.shown is not None and (log.is_behind or lost):
        for store in (second, blobs):  # one that was signed and not shown yet is for the sequencer to show
            await store.write(files.checkpoint_path(log.tenant), log.shown)
