import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import SigningKey
from gatepost.ledger.tiles import WIDTH, Edge, Tile
from gatepost.record import files
from record.papers import TENANT

ENTRIES = [f"entry {number}".encode() for number in range(10)]


async def publish(blobs: Blobs, size: int) -> dict[Tile, bytes]:
    """Publish a log as the sequencer leaves it: only the tiles of the newest checkpoint."""
    edge, tiles = Edge().grow(ENTRIES[:size])
    await files.write_tiles(blobs, TENANT, tiles)
    note = Checkpoint("log", size, edge.root).signed(SigningKey("log", bytes(32)))
    await blobs.write(files.checkpoint_path(TENANT), note)
    return tiles


async def test_tiles_are_written_and_read_back_together(blobs: Blobs) -> None:
    tiles = await publish(blobs, 10)
    missing = Tile(3, 0)
    assert await files.read_tiles(blobs, TENANT, [*tiles, missing]) == tiles


async def test_a_narrower_tile_is_cut_from_the_one_that_replaced_it(blobs: Blobs) -> None:
    await publish(blobs, 10)
    _, narrow = Edge().grow(ENTRIES[:4])
    assert await files.read_tiles(blobs, TENANT, narrow) == narrow


async def test_a_tile_wider_than_the_log_is_not_there(blobs: Blobs) -> None:
    assert await files.read_tile(blobs, TENANT, Tile(0, 0, 4)) is None
    await publish(blobs, 3)
    assert await files.read_tile(blobs, TENANT, Tile(0, 0, 4)) is None
    assert await files.read_tile(blobs, TENANT, Tile(0, 0)) is None


async def test_a_tile_whose_replacement_is_lost_is_not_there(blobs: Blobs) -> None:
    await publish(blobs, 3)
    await blobs.remove(files.tile_path(TENANT, Tile(0, 0, 3)))
    assert await files.read_tile(blobs, TENANT, Tile(0, 0, 2)) is None


async def test_what_lies_in_the_checkpoints_place_is_read_or_refused(blobs: Blobs) -> None:
    assert await files.read_checkpoint(blobs, TENANT) is None
    await publish(blobs, 3)
    published = await files.read_checkpoint(blobs, TENANT)
    assert published is not None
    assert published[1].size == 3
    await blobs.write(files.checkpoint_path(TENANT), b"nonsense")
    with pytest.raises(LedgerError):
        await files.read_checkpoint(blobs, TENANT)


async def test_one_write_that_fails_is_raised_after_all_have_ended(blobs: Blobs) -> None:
    await blobs.write(f"log/{TENANT}/tile/0", b"a file where a folder should be")
    _, tiles = Edge().grow(ENTRIES)
    with pytest.raises(BlobsUnavailableError):
        await files.write_tiles(blobs, TENANT, tiles)
    assert await blobs.read(f"log/{TENANT}/tile/entries/000.p/10") is not None


@given(st.integers(0, 2_000), st.integers(0, 300))
def test_rows_lie_in_pieces_and_a_log_that_grows_writes_only_what_is_new(before: int, more: int) -> None:
    size = before + more
    whole, written = files.pieces(size), files.pieces(size, before)
    assert [place for piece in whole for place in piece] == list(range(size))
    assert set(whole) <= set(files.pieces(before)) | set(written) <= set(files.pieces(before)) | set(whole)
    assert len({files.rows_path(TENANT, piece) for piece in whole}) == len(whole)
    if before // WIDTH == size // WIDTH:  # a bundle that became full is written once more, as one
        is_block_full = before // files.BLOCK < size // files.BLOCK  # and so is a block
        assert sum(map(len, written)) < more + (files.BLOCK if is_block_full else files.ROWS)


def test_a_piece_of_rows_is_named_by_its_first_and_last_place() -> None:
    assert [files.rows_path(TENANT, piece).partition("rows/")[2] for piece in files.pieces(256 + 84)] == [
        "000",
        "001.p/0-63",
        "001.p/64-79",
        "001.p/80-83",
    ]
