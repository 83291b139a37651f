"""Where a tenant's log lies among the blobs, and how to read it back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from gatepost.blobs import Blobs
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import Note
from gatepost.ledger.tiles import ENTRIES, WIDTH, Tile, narrowed, tile_at

ROWS = 16
BLOCK = 64
_AT_ONCE = 16
_TRIES = 3

T = TypeVar("T")

Piece = range
"""Places in the log whose rows lie in one file."""


def checkpoint_path(tenant: TenantId) -> str:
    """Return where the published checkpoint lies."""
    return f"log/{tenant}/checkpoint"


def tile_path(tenant: TenantId, tile: Tile) -> str:
    """Return where a tile or bundle lies."""
    return f"log/{tenant}/{tile.path}"


def rows_path(tenant: TenantId, piece: Piece) -> str:
    """Return where the second store keeps the rows behind some entries."""
    bundle = tile_at(ENTRIES, piece.start // WIDTH, (piece.start // WIDTH + 1) * WIDTH)
    where = f"log/{tenant}/rows/{bundle.path.removeprefix('tile/entries/')}"
    return where if len(piece) == WIDTH else f"{where}.p/{piece.start % WIDTH}-{(piece.stop - 1) % WIDTH}"


def pieces(size: int, since: int = 0) -> list[Piece]:
    """Return in which pieces the rows of a log lie, of those that hold places from ``since`` on.

    Whole bundles, then of the last one whole blocks, and of the last block sixteen rows each: a log that grows by one
    entry has sixteen to write or, once a block or a bundle is full, all of it; one that grows fast writes few files.
    """
    made, at = [], 0
    for wide in (WIDTH, BLOCK, ROWS):
        end = size - size % wide
        made += [range(start, start + wide) for start in range(max(at, since - since % wide), end, wide)]
        at = end
    return [*made, range(at, size)] if at < size else made


def _small(piece: Piece) -> list[Piece]:
    """Return the pieces of earlier releases that a block consists of: sixteen rows each."""
    return [range(at, at + ROWS) for at in piece[::ROWS]] if len(piece) == BLOCK else []


def tail(size: int) -> set[Piece]:
    """Return the pieces of rows that a log of that size outgrows, those of its last bundle; of earlier releases too."""
    last = pieces(size, size - size % WIDTH)
    return {*last, *(small for piece in last for small in _small(piece))}


def key_path(tenant: TenantId) -> str:
    """Return where the second store keeps the log's wrapped key."""
    return f"log/{tenant}/key"


async def _each(work: Callable[[T], Awaitable[None]], files: Iterable[T]) -> None:
    """Do the work for every file, several at once; wait for all, then raise what one raised, if one did."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(file: T) -> None:
        async with gate:
            await work(file)

    await together(*map(one, files))


async def together(*works: Awaitable[object]) -> None:
    """Wait for all of them, then raise what one raised, if one did."""
    for result in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def read_tiles(blobs: Blobs, tenant: TenantId, tiles: Iterable[Tile]) -> dict[Tile, bytes]:
    """Return the tiles that are there; those that are not are left out."""
    found: dict[Tile, bytes] = {}

    async def read(tile: Tile) -> None:
        octets = await read_tile(blobs, tenant, tile)
        if octets is not None:
            found[tile] = octets

    await _each(read, tiles)
    return found


async def write_tiles(blobs: Blobs, tenant: TenantId, tiles: Mapping[Tile, bytes]) -> None:
    """Write tiles; all are durable once this returns."""

    async def write(tile: Tile) -> None:
        await blobs.write(tile_path(tenant, tile), tiles[tile])

    await _each(write, tiles)


async def write_rows(blobs: Blobs, tenant: TenantId, rows: Mapping[Piece, Sequence[str]]) -> dict[Piece, bytes]:
    """Write the rows behind entries, a line each; all are durable once this returns what was written."""
    spelled = {piece: "".join(f"{line}\n" for line in lines).encode() for piece, lines in rows.items()}

    async def write(piece: Piece) -> None:
        await blobs.write(rows_path(tenant, piece), spelled[piece])

    await _each(write, spelled)
    return spelled


async def read_rows(blobs: Blobs, tenant: TenantId, piece: Piece) -> list[str] | None:
    """Return the lines of a piece; None where it is not there, nor the smaller pieces of an earlier release."""
    found = [await blobs.read(rows_path(tenant, piece))]
    if found == [None]:
        found = [await blobs.read(rows_path(tenant, small)) for small in _small(piece)]
    there = [octets for octets in found if octets is not None]
    if not there or len(there) < len(found):
        return None
    *lines, rest = b"".join(there).decode(errors="replace").split("\n")
    return [*lines, rest] if rest else lines  # what does not end its line was cut or added, and no line of ours


async def read_checkpoint(blobs: Blobs, tenant: TenantId) -> tuple[bytes, Checkpoint] | None:
    """Return the published checkpoint, as a note and read (its signature is for others to verify), or None.

    Raises:
        LedgerError: what lies there is no checkpoint.
    """
    note = await blobs.read(checkpoint_path(tenant))
    return None if note is None else (note, Checkpoint.parse(Note.parse(note).text))


async def read_tile(blobs: Blobs, tenant: TenantId, tile: Tile) -> bytes | None:
    """Return one tile, cut from the wider one that took its place if there is one; None where neither is there.

    Raises:
        LedgerError: the wider one is damaged.
    """
    for _ in range(_TRIES):  # the log may grow between asking how wide the tile is now and reading it
        octets = await blobs.read(tile_path(tenant, tile))
        if octets is not None or not tile.is_partial:
            return octets
        published = await read_checkpoint(blobs, tenant)
        try:
            wider = tile_at(tile.level, tile.index, published[1].size if published else 0)
        except LedgerError:
            return None
        if wider.width <= tile.width:
            return None
        octets = await blobs.read(tile_path(tenant, wider))
        if octets is not None:
            return narrowed(wider, octets, tile.width)
    return None
