"""Roll a database that was restored to an older point forward to what its log has published.

What was published stays: the rows behind every published entry lie on the second store, openings sealed, and come back
from there. They are held to the newest checkpoint before a single row is written.
"""

import orjson

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import VerifierKey
from gatepost.ledger.tiles import Edge, edge_tiles, tiles_of
from gatepost.record import files, log_store
from gatepost.record.log_store import LogKey


class CannotRecoverError(Exception):
    """The log cannot be rolled forward from here; the text says why, and nothing was changed."""


async def recover(db: Database, blobs: Blobs, second: Blobs, tenant: TenantId) -> int:
    """Bring the database and the first store up to the newest published checkpoint; return how many entries came back.

    Raises:
        CannotRecoverError: see there.
        LedgerError: a file of the second store is damaged.
        BlobsUnavailableError: a store does not answer.
    """
    async with db.transaction(tenant) as tx:
        if not await log_store.try_lock(tx):
            raise CannotRecoverError("another process writes the log: stop the house first")
        key = await _key(await log_store.log_key(tx), second, tenant)
        newest = await _newest(blobs, second, tenant, VerifierKey.parse(key.vkey))
        if newest is None:
            return 0
        note, head = newest
        have = await log_store.size(tx)
        remembered = await log_store.last_checkpoint(tx)
        lines = await _rows(second, tenant, head)
        if await log_store.leaves(tx, 0, min(have, head.size)) != [_leaf(line) for line in lines[:have]]:
            raise CannotRecoverError("the database has gone on with other entries than the log has published")
        if await log_store.strangers(tx, lines[have:]):
            raise CannotRecoverError("entries were accepted after the restore, under numbers the log gave to others")
        await log_store.put_back(tx, lines[have:])
        await log_store.pass_numbers(tx)
        await log_store.add_log_key(tx, key)
        if remembered is None or Checkpoint.open(remembered, VerifierKey.parse(key.vkey)).size < head.size:
            await log_store.keep_checkpoint(tx, head.size, _signed_alone(note, head))
        await _first_store(blobs, second, tenant, head, note)
        return max(head.size - have, 0)


async def _key(kept: LogKey | None, second: Blobs, tenant: TenantId) -> LogKey:
    copy = await second.read(files.key_path(tenant))
    if kept is None and copy is None:
        raise CannotRecoverError("neither the database nor the second store knows the log's key")
    if kept is None:
        return LogKey.read(copy or b"")
    if copy is not None and LogKey.read(copy).vkey != kept.vkey:
        raise CannotRecoverError("the database and the second store know different keys of the log")
    return kept


async def _newest(blobs: Blobs, second: Blobs, tenant: TenantId, key: VerifierKey) -> tuple[bytes, Checkpoint] | None:
    notes = [await store.read(files.checkpoint_path(tenant)) for store in (blobs, second)]
    found = [(note, Checkpoint.open(note, key)) for note in notes if note is not None]
    return max(found, key=lambda each: each[1].size) if found else None


async def _rows(second: Blobs, tenant: TenantId, head: Checkpoint) -> list[str]:
    """Return the rows of every entry, held to the checkpoint's root."""
    edge = Edge()
    lines: list[str] = []
    for piece in files.pieces(head.size):
        octets = await second.read(files.rows_path(tenant, piece))
        if octets is None:
            raise CannotRecoverError(f"the second store has no rows of the entries from {piece.start}")
        part = octets.decode().splitlines()
        edge, _ = edge.grow([_leaf(line) for line in part])
        lines += part
    if edge.size != head.size or edge.root != head.root:
        raise CannotRecoverError("the second store's rows are not the entries of the newest checkpoint")
    return lines


def _leaf(line: str) -> bytes:
    try:
        return bytes.fromhex(orjson.loads(line)["entry"]["leaf"].removeprefix("\\x"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerError("a row of the second store cannot be read") from error


def _signed_alone(note: bytes, head: Checkpoint) -> bytes:
    """Return the note as the database remembers it: without the lines after the log's own signature."""
    text = head.text.encode() + b"\n"
    return text + note.removeprefix(text).splitlines(keepends=True)[0]


async def _first_store(blobs: Blobs, second: Blobs, tenant: TenantId, head: Checkpoint, note: bytes) -> None:
    wanted = {*tiles_of(head.size), *edge_tiles(head.size)}
    there = await files.read_tiles(blobs, tenant, wanted)
    await files.write_tiles(blobs, tenant, await files.read_tiles(second, tenant, wanted - there.keys()))
    for store in (second, blobs):
        await store.write(files.checkpoint_path(tenant), note)
