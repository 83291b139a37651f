"""The whole log as a folder that outsiders check without us: few files, and no half of it ever looks whole.

    log.vkey                   the verifier key
    log/checkpoint             as served (C2SP tlog-checkpoint)
    log/tile/...               as served (C2SP tlog-tiles): two files for 256 entries
    log/checkpoints.jsonl      every checkpoint signed so far: {"size": ..., "note": ...}
    entries/000000065536.jsonl the entries from that place on, 65,536 a file, each line one entry's exact octets
    proofs/17.tlog-proof       of the places that were asked for (C2SP tlog-proof), beside 17.entry
    unfinished/                only while it is being written

The checkpoint comes last, and is away while an older export is brought up to date. Who was interrupted begins again
with the same folder: what lies there and holds is not fetched once more (docs/adr/0076).
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import hash_range, inclusion_ranges, leaf_hash, root
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import ENTRIES, WIDTH, Tile, hashes, needed, reader, tile_at, tiles_of, unpack
from gatepost.record import export, files, log_store

LINES = WIDTH * WIDTH
"""Entries a file of JSON Lines: those below one tile of level 1."""

UNFINISHED = "unfinished"

_AT_ONCE = 64
"""Bundles that are in memory at once, some 16 MB as a rule."""

_CHECKPOINTS_OF = 65_536  # entries; their checkpoints are in memory at once

Told = Callable[[int, int], object]
Places = Callable[[int], Iterable[int]]


def _none(size: int) -> Iterable[int]:
    del size
    return ()


async def export_log(
    db: Database,
    blobs: Blobs,
    tenant: TenantId,
    folder: Path,
    progress: Told = lambda *_: None,
    *,
    proofs: Places = _none,
) -> int:
    """Write all an outsider needs to check the log without us; return how many entries it has.

    Args:
        db: where the checkpoints are.
        blobs: where the published log is.
        tenant: whose.
        folder: where to; it is there, perhaps with an earlier or an interrupted export of the same log.
        progress: is told how many entries are written, and of how many.
        proofs: from the log's size to the places whose proofs are wanted as files of their own, two each.

    Raises:
        LedgerError: a tile is missing or damaged.
        OSError: the folder cannot be written.
    """
    async with db.transaction(tenant) as tx:
        key = await export.vkey(tx)
    published = await files.read_checkpoint(blobs, tenant)
    if key is None or published is None:
        return 0
    note, size = published[0], published[1].size
    wanted = proofs(size)
    out = _Folder(folder, size)
    await asyncio.to_thread(out.begin)
    above = await _fetched(blobs, tenant, [each for each in tiles_of(size) if each.level > 0])
    await asyncio.to_thread(out.put_tiles, above)
    for start in range(0, size, LINES):
        end = min(start + LINES, size)
        with out.writing(f"entries/{start:012d}.jsonl") as lines:
            for first in range(start // WIDTH, -(-end // WIDTH), _AT_ONCE):
                some = range(first, min(first + _AT_ONCE, -(-end // WIDTH)))
                lacking = await asyncio.to_thread(out.lacking, some, above)
                found = await _fetched(blobs, tenant, lacking)
                await asyncio.to_thread(out.take, some, found, lines)
                progress(min(some.stop * WIDTH, size), size)
    with out.writing("log/checkpoints.jsonl") as checkpoints:
        async for signed in _checkpoints(db, tenant, size):
            await asyncio.to_thread(checkpoints.writelines, signed)
    await asyncio.to_thread(out.end, key, note, wanted)
    return size


async def _fetched(blobs: Blobs, tenant: TenantId, wanted: Sequence[Tile]) -> dict[Tile, bytes]:
    found = await files.read_tiles(blobs, tenant, wanted)
    for each in wanted:
        if each not in found:
            raise LedgerError(f"{each.path} is missing")
    return found


async def _checkpoints(db: Database, tenant: TenantId, size: int) -> AsyncIterator[list[bytes]]:
    """Yield every checkpoint signed so far, a line each: each commits us to what came before it."""
    for start in range(0, size, _CHECKPOINTS_OF):
        async with db.transaction(tenant) as tx:
            signed = await log_store.checkpoints(tx, start, min(start + _CHECKPOINTS_OF, size))
        yield [
            orjson.dumps({"size": at, "note": note.decode()}, option=orjson.OPT_APPEND_NEWLINE) for at, note in signed
        ]


class _Folder:
    """An export that is being written. Each file comes to its place whole."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size
        self._unfinished = folder / UNFINISHED

    def begin(self) -> None:
        """Say that it is not finished, and take away what would say that it is."""
        self._unfinished.mkdir(exist_ok=True)
        (self._folder / "log" / "checkpoint").unlink(missing_ok=True)

    def end(self, key: str, note: bytes, proofs: Iterable[int]) -> None:
        """Write the proofs, then what says that all is there, once the disk has it."""
        for place in proofs:
            self._prove(place, note)
        self._put("log.vkey", f"{key}\n".encode())
        os.sync()  # once, for thousands of files
        self._put("log/checkpoint", note)
        shutil.rmtree(self._unfinished)

    def put_tiles(self, tiles: Mapping[Tile, bytes]) -> None:
        """Write tiles as they are served."""
        for each, octets in tiles.items():
            self._put(f"log/{each.path}", octets)

    def lacking(self, bundles: Iterable[int], above: Mapping[Tile, bytes]) -> list[Tile]:
        """Return the tiles of level 0 and the bundles that do not lie here yet as they must be."""
        return [
            tile_at(level, at, self._size) for at in bundles if not self._is_there(at, above) for level in (ENTRIES, 0)
        ]

    def _is_there(self, at: int, above: Mapping[Tile, bytes]) -> bool:
        """Tell whether a full bundle and its tile lie here, and hash to what the tile above has."""
        bundle, tile = tile_at(ENTRIES, at, self._size), tile_at(0, at, self._size)
        if tile.is_partial:
            return False
        over = tile_at(1, at // WIDTH, self._size)
        try:
            row = hashes(tile, self._read(tile))
            entries = unpack(bundle, self._read(bundle))
        except (OSError, LedgerError):
            return False
        return row == [leaf_hash(each) for each in entries] and root(row) == hashes(over, above[over])[at % WIDTH]

    def take(self, bundles: Iterable[int], found: Mapping[Tile, bytes], lines: BinaryIO) -> None:
        """Write what was fetched, and the entries of all these bundles as lines."""
        self.put_tiles(found)
        for at in bundles:
            bundle = tile_at(ENTRIES, at, self._size)
            entries = unpack(bundle, found[bundle] if bundle in found else self._read(bundle))
            if any(b"\n" in each for each in entries):
                raise LedgerError(f"{bundle.path} has an entry of several lines, which is none of ours")
            lines.writelines(each + b"\n" for each in entries)

    def _read(self, tile: Tile) -> bytes:
        return (self._folder / "log" / tile.path).read_bytes()

    def _prove(self, place: int, note: bytes) -> None:
        ranges = inclusion_ranges(place, self._size)
        read = reader(self._size, {each: self._read(each) for each in needed(ranges, self._size)})
        proof = Proof(place, tuple(hash_range(leaves, read) for leaves in ranges), note)
        bundle = tile_at(ENTRIES, place // WIDTH, self._size)
        self._put(f"proofs/{place}.entry", unpack(bundle, self._read(bundle))[place % WIDTH])
        self._put(f"proofs/{place}.tlog-proof", proof.encode())

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file beside, and move it to its place once it is whole."""
        beside = self._unfinished / name.replace("/", "-")
        with beside.open("wb") as file:
            yield file
        place = self._folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.replace(place)

    def _put(self, name: str, octets: bytes) -> None:
        with self.writing(name) as file:
            file.write(octets)
