"""Hold the second store to the first, and to the tables, which a verification has held to the log.

What rots there is missed only on the day of a restore.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import Any

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.keys import Keyring, KeyringError, Vault
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import SigningKey
from gatepost.ledger.tiles import WIDTH, edge_tiles, tiles_of
from gatepost.record import copied, files, log_store, signed
from gatepost.record.log_store import LOG_KEY_PURPOSE, LogKey

_TRIES = 3
_SEALS = 256
"""Of bundles, read at once."""
_LAG_S = 0.5


async def gone(db: Database, blobs: Blobs, second: Blobs, tenant: TenantId) -> list[str]:
    """Return what the second store lacks of a log that is published, and the next sequencer copies there anew."""
    paths = {"checkpoint": files.checkpoint_path(tenant), "key": files.key_path(tenant)}
    if await blobs.read(paths["checkpoint"]) is None:
        return []
    async with db.transaction(tenant) as tx:
        listed = await log_store.count_checkpoints(tx) - 1  # the newest may not be listed yet
    paths |= {signed.name(each): signed.path(tenant, each) for each in range(-(-listed // signed.NOTES))}
    return [name for name, path in paths.items() if await second.read(path) is None]


async def compare_second(
    db: Database, blobs: Blobs, second: Blobs, tenant: TenantId, keyring: Keyring
) -> AsyncIterator[str]:
    """Yield a sentence for each thing on the second store that is missing or another: checkpoint, key, tiles, rows."""
    try:
        published = await files.read_checkpoint(blobs, tenant)
    except LedgerError:
        return  # that is named already, and then nothing here can be told
    if published is None:
        return
    try:
        async for text in _compared(db, blobs, second, tenant, keyring, published[1].size):
            yield f"second store: {text}"
    except BlobsUnavailableError:
        yield "second store: it does not answer"


async def _compared(
    db: Database, blobs: Blobs, second: Blobs, tenant: TenantId, keyring: Keyring, size: int
) -> AsyncIterator[str]:
    for text in (await _checkpoint(blobs, second, tenant), await _key(db, second, tenant, keyring)):
        if text:
            yield text
    async for text in signed.compare(db, second, tenant):
        yield text
    for tile in sorted({*tiles_of(size), *edge_tiles(size)}, key=lambda each: each.path):
        first = await _tile(blobs, tenant, tile)
        if first is not None and (found := await _tile(second, tenant, tile)) != first:
            yield f"{tile.path}: " + ("it is missing" if found is None else "it is not the one of the first store")
    async for piece in _unsealed(db, second, tenant, size):
        async for text in _rows(db, second, tenant, piece):
            yield text


async def _checkpoint(blobs: Blobs, second: Blobs, tenant: TenantId) -> str:
    path, found = files.checkpoint_path(tenant), None
    for _ in range(_TRIES):  # it is written there first
        found = await second.read(path)
        if found is not None and found == await blobs.read(path):
            return ""
        await asyncio.sleep(_LAG_S)
    return "checkpoint: it is missing" if found is None else "checkpoint: it is not the published one"


async def _key(db: Database, second: Blobs, tenant: TenantId, keyring: Keyring) -> str:
    async with db.transaction(tenant) as tx:
        kept = await log_store.log_key(tx)
    octets = await second.read(files.key_path(tenant))
    if octets is None:
        return "key: it is missing"
    if kept is None or octets == kept.spelled:
        return ""
    try:  # another wrapping of the same key will do
        found = LogKey.read(octets)
        seed = keyring.unwrap(LOG_KEY_PURPOSE, found.wrapped_seed)
        is_same = found.vkey == kept.vkey == str(SigningKey(found.origin, seed).verifier)
    except (KeyringError, LedgerError):
        is_same = False
    return "" if is_same else "key: it is not the log's"


async def _tile(store: Blobs, tenant: TenantId, tile: Any) -> bytes | None:
    try:
        return await files.read_tile(store, tenant, tile)
    except LedgerError:
        return b""


async def _unsealed(db: Database, second: Blobs, tenant: TenantId, size: int) -> AsyncIterator[files.Piece]:
    """Yield the pieces of rows of which it is not known that the sequencer wrote them: each row is to be compared."""
    for start in range(0, size, _SEALS * WIDTH):
        end = min(start + _SEALS * WIDTH, size)
        async with db.transaction(tenant) as tx:
            seals, vault = await log_store.copy_seals(tx, start // WIDTH, end // WIDTH), tx.vault
        for piece in files.pieces(end, start):
            seal = seals.get(piece.start // WIDTH) if len(piece) == WIDTH else None
            octets = seal and await second.read(files.rows_path(tenant, piece))
            if not octets or _sealed(vault, piece.start // WIDTH, octets) != seal:
                yield piece


def _sealed(vault: Vault, bundle: int, octets: bytes) -> bytes | None:
    try:
        return log_store.copy_seal(vault, bundle, octets)
    except KeyringError:  # the tenant's key, which the walk through the log names
        return None


async def _rows(db: Database, second: Blobs, tenant: TenantId, piece: files.Piece) -> AsyncIterator[str]:
    async with db.transaction(tenant) as tx:
        ours = await log_store.copied_rows(tx, piece.start, piece.stop)
    lines = await _lines(db, second, tenant, piece)
    path = files.rows_path(tenant, piece).removeprefix(f"log/{tenant}/")
    if lines is None:
        yield f"{path}: it is missing"
    elif len(lines) < len(piece):
        yield f"{path}: it is cut short"
    elif len(lines) > len(piece):
        yield f"{path}: it is too long"
    elif len(ours) == len(piece) and ours != lines[: len(piece)]:  # or a verification names the row that is gone
        async with db.transaction(tenant) as tx:
            leaves = await log_store.leaves(tx, piece.start, piece.stop)
        for index in _different(ours, lines, leaves):
            yield f"{path}: the rows at place {piece.start + index} are not those of the tables"


async def _lines(db: Database, second: Blobs, tenant: TenantId, piece: files.Piece) -> list[str] | None:
    """Return the lines of a piece, from the wider one too that took its place if the log has grown meanwhile."""
    if (lines := await files.read_rows(second, tenant, piece)) is not None:
        return lines
    async with db.transaction(tenant) as tx:
        now = await log_store.size(tx)
    for each in files.pieces(now, piece.start):
        if each.start <= piece.start < each.stop and (lines := await files.read_rows(second, tenant, each)) is not None:
            return lines[piece.start - each.start :][: len(piece)]
    return await files.read_rows(second, tenant, piece)


def _different(ours: Sequence[str], lines: Sequence[str], leaves: Sequence[bytes]) -> Iterator[int]:
    for index, (own, line, leaf) in enumerate(zip(ours, lines, leaves, strict=False)):
        if own != line and not _agrees(copied.read(own, leaf), line, leaf):
            yield index


def _agrees(own: dict[str, Any], line: str, leaf: bytes) -> bool:
    """Tell whether a line says what our rows say; of an opening that is erased, it may say anything."""
    try:
        found = copied.read(line, leaf)
        parts = own.keys() - ({"opening"} if own["opening"] is None else set())
        return all(_same(own[part], found[part]) for part in parts)
    except (AttributeError, KeyError, LedgerError, TypeError, ValueError):
        return False


def _same(own: Any, found: Any) -> bool:
    """Tell whether a row agrees; a column that a later release added is not there, and empty with us."""
    if own is None or found is None:
        return own is found
    if found.keys() - own.keys():
        return False
    return all(_means(value, found.get(name)) for name, value in own.items())


def _means(own: Any, found: Any) -> bool:
    """Tell whether two values are one, or one moment in two time zones."""
    if own == found or not isinstance(own, str) or not isinstance(found, str):
        return bool(own == found)
    try:
        return datetime.fromisoformat(own) == datetime.fromisoformat(found)
    except (TypeError, ValueError):
        return False
