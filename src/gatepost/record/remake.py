"""Tiles that a store lacks, made from the database's entries: a store restored from an older backup, or begun anew.

The database has every entry, and the same entries give the same octets. Nothing is written unless what is made hashes
to the newest checkpoint that was signed: so what was shown to anybody is never contradicted (docs/adr/0100).
"""

from collections.abc import AsyncIterator

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.tiles import WIDTH, Edge, Tile, edge_tiles, tile_at
from gatepost.record import files, log_store
from gatepost.record.errors import ForkError

BATCH = 16 * WIDTH


async def remake(
    db: Database, store: Blobs, tenant: TenantId, head: Checkpoint, *, since: Checkpoint | None = None
) -> int:
    """Write the tiles of the log under ``head`` that the store does not have; return how many.

    Args:
        db: has the entries.
        store: the first or the second.
        tenant: whose log.
        head: the newest that was signed, its signature verified.
        since: what the store itself shows, if it does, and holds all tiles of: they are not looked at. Where its edge
            is not there either, all are.

    Raises:
        ForkError: the database's entries are not those that ``head`` covers.
        BlobsUnavailableError: the store does not answer.
    """
    first = last = await _edge(store, tenant, since)
    async for edge, _ in _grown(db, tenant, first, head.size):
        last = edge
    if last.size != head.size or last.root != head.root:
        raise ForkError("the database's entries are not those that the newest checkpoint covers")
    made = 0
    async for _, tiles in _grown(db, tenant, first, head.size):
        wanted = {tile: octets for tile, octets in tiles.items() if tile == tile_at(tile.level, tile.index, head.size)}
        there = await files.read_tiles(store, tenant, wanted)
        lost = {tile: octets for tile, octets in wanted.items() if tile not in there}
        await files.write_tiles(store, tenant, lost)
        made += len(lost)
    return made


async def _edge(store: Blobs, tenant: TenantId, since: Checkpoint | None) -> Edge:
    """Return the edge of what the store shows, or that of an empty tree."""
    if since is None:
        return Edge()
    try:
        edge = Edge.load(since.size, await files.read_tiles(store, tenant, edge_tiles(since.size)))
    except LedgerError:
        return Edge()
    return edge if edge.root == since.root else Edge()


async def _grown(
    db: Database, tenant: TenantId, edge: Edge, size: int
) -> AsyncIterator[tuple[Edge, dict[Tile, bytes]]]:
    while edge.size < size:
        end = min(edge.size - edge.size % WIDTH + BATCH, size)
        async with db.transaction(tenant) as tx:
            leaves = await log_store.leaves(tx, edge.size, end)
        if len(leaves) < end - edge.size:
            raise ForkError("the database does not hold what the newest checkpoint covers: see `gatepost log recover`")
        edge, tiles = edge.grow(leaves)
        yield edge, tiles
