"""The log as outsiders get it: checkpoint, tiles, proofs, exact entries, and the openings of those who may see them.

All but keys and openings comes from the published files; no table is asked.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gatepost.blobs import Blobs
from gatepost.db import Transaction
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import HASH_OCTETS, hash_range, inclusion_ranges, leaf_hash
from gatepost.ledger.note import Note
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import ENTRIES, WIDTH, Tile, hashes, needed, reader, tile_at, unpack
from gatepost.record import files, log_store, store


class NotInLogError(LookupError):
    """The published log has no such entry; one that was just recorded may have to wait a second for its place."""


async def checkpoint(blobs: Blobs, tenant: TenantId) -> bytes | None:
    """Return the published checkpoint, or None before the first entry."""
    return await blobs.read(files.checkpoint_path(tenant))


async def tile(blobs: Blobs, tenant: TenantId, path: str) -> bytes | None:
    """Return the tile or entry bundle at ``tile/...``; None where it is not in the log or ``path`` is no tile's."""
    try:
        return await files.read_tile(blobs, tenant, Tile.parse(path))
    except LedgerError:
        return None


async def vkey(tx: Transaction) -> str | None:
    """Return the log's verifier key as text, or None before the first entry."""
    key = await log_store.log_key(tx)
    return None if key is None else key.vkey


async def opening(tx: Transaction, entry: EntryId) -> store.Opening | None:
    """Return ``{field: {salt, value}}`` for the holder to check the leaf's commitments; None if unknown.

    Raises:
        ErasedError: nobody can read it any more.
    """
    return await store.opening(tx, entry)


async def opening_at(tx: Transaction, leaf_index: LeafIndex) -> store.Opening | None:
    """Return the opening of the entry at a place in the log; None if unknown.

    Raises:
        ErasedError: nobody can read it any more.
    """
    entry = await log_store.entry_at(tx, leaf_index)
    return None if entry is None else await store.opening(tx, entry)


async def prove(blobs: Blobs, tenant: TenantId, leaf_index: LeafIndex) -> bytes:
    """Return a ``.tlog-proof`` of one entry under the published checkpoint.

    Raises:
        NotInLogError: the published log has no such entry.
        LedgerError: a tile is missing or damaged.
    """
    published = await files.read_checkpoint(blobs, tenant)
    if published is None or not 0 <= leaf_index < published[1].size:
        raise NotInLogError(leaf_index)
    note, size = published[0], published[1].size
    ranges = inclusion_ranges(leaf_index, size)
    tiles = await files.read_tiles(blobs, tenant, needed(ranges, size))
    return _proof(leaf_index, note, size, tiles)


def _proof(index: int, note: bytes, size: int, tiles: Mapping[Tile, bytes]) -> bytes:
    read = reader(size, tiles)
    return Proof(index, tuple(hash_range(leaves, read) for leaves in inclusion_ranges(index, size)), note).encode()


async def entry_bytes(blobs: Blobs, tenant: TenantId, leaf_index: LeafIndex) -> bytes:
    """Return the exact octets that the log hashes for one entry.

    Raises:
        NotInLogError: the published log has no such entry.
        LedgerError: the entry's bundle is missing or damaged.
    """
    published = await files.read_checkpoint(blobs, tenant)
    if published is None or not 0 <= leaf_index < published[1].size:
        raise NotInLogError(leaf_index)
    bundle = tile_at(ENTRIES, leaf_index // WIDTH, published[1].size)
    octets = await files.read_tile(blobs, tenant, bundle)
    if octets is None:
        raise LedgerError(f"{bundle.path} is missing")
    return unpack(bundle, octets)[leaf_index % WIDTH]


async def leaf_hashes(blobs: Blobs, tenant: TenantId, places: Collection[LeafIndex]) -> dict[LeafIndex, bytes]:
    """Return the leaf hashes that the published log holds in these places, by place, from its level-0 tiles.

    Left out: what it has no place for, and where a tile is missing or damaged.
    """
    end = await size(blobs, tenant)
    there = {each for each in places if 0 <= each < end}
    tiles = await files.read_tiles(blobs, tenant, {tile_at(0, each // WIDTH, end) for each in there})
    held = {
        each.index: hashes(each, octets) for each, octets in tiles.items() if len(octets) == each.width * HASH_OCTETS
    }
    return {each: held[each // WIDTH][each % WIDTH] for each in there if each // WIDTH in held}


async def size(blobs: Blobs, tenant: TenantId) -> int:
    """Return how many entries the published log has; none before its first, or where its checkpoint is damaged."""
    try:
        published = await files.read_checkpoint(blobs, tenant)
    except LedgerError:
        return 0
    return 0 if published is None else published[1].size


async def bundles(blobs: Blobs, tenant: TenantId, wanted: Collection[int], size: int) -> dict[int, Sequence[bytes]]:
    """Return the entries of some bundles of a log of this size, by the bundle's index.

    Left out: those that are missing, damaged, or not what their level-0 tile has the hashes of.
    """
    try:
        tiles = await files.read_tiles(
            blobs, tenant, {tile_at(each, at, size) for at in wanted for each in (ENTRIES, 0)}
        )
    except LedgerError:
        return {}
    return await asyncio.to_thread(_sound, tiles, wanted, size)


def _sound(tiles: Mapping[Tile, bytes], wanted: Collection[int], size: int) -> dict[int, Sequence[bytes]]:
    found: dict[int, Sequence[bytes]] = {}
    for at in wanted:
        bundle, tile = tile_at(ENTRIES, at, size), tile_at(0, at, size)
        with suppress(LedgerError, KeyError):
            entries = unpack(bundle, tiles[bundle])
            if [leaf_hash(each) for each in entries] == hashes(tile, tiles[tile]):
                found[at] = entries
    return found


@dataclass(frozen=True, slots=True)
class Published:
    """An entry that a signed checkpoint covers. ``opened``: what its commitments hide, if asked and not erased."""

    leaf_index: LeafIndex
    leaf: bytes
    opened: Mapping[str, Any]


async def head(tx: Transaction) -> Checkpoint | None:
    """Return the newest signed tree head, or None before the first entry.

    Raises:
        LedgerError: what lies there is none.
    """
    note = await log_store.last_checkpoint(tx)
    return None if note is None else Checkpoint.parse(Note.parse(note).text)


async def published(tx: Transaction, start: int, end: int, *, opened: bool) -> list[Published]:
    """Return the entries at places ``start`` up to and without ``end``, in order; keep below the head's size."""
    if not opened:
        return [
            Published(LeafIndex(at), leaf, {}) for at, leaf in enumerate(await log_store.leaves(tx, start, end), start)
        ]
    return [Published(row.leaf_index, row.leaf, _values(row.opening)) for row in await log_store.stored(tx, start, end)]


def _values(opening: Any) -> dict[str, Any]:
    if not isinstance(opening, dict):
        return {}
    return {name: part["value"] for name, part in opening.items()}
