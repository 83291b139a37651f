"""A store older than the database, or begun anew: the log goes on, with what the entries give."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.tiles import Tile, tiles_of
from gatepost.record import files
from gatepost.record.check import verify_log
from gatepost.record.errors import ForkError
from gatepost.record.publish import Sequencer
from gatepost.record.second import compare_second
from record.papers import TENANT, OpenKeyring
from record.test_publish import act, is_sound

NewSequencer = Callable[[], Sequencer]
Tamper = Callable[[str], None]

BOTH = ("blobs", "second")


def stores(tmp_path: Path) -> tuple[Blobs, Blobs]:
    return Blobs(Folder(tmp_path / "blobs")), Blobs(Folder(tmp_path / "second"))


def keep(tmp_path: Path) -> None:
    for name in BOTH:
        shutil.copytree(tmp_path / name, tmp_path / f"{name}.older")


def restore(tmp_path: Path, *names: str, is_empty: bool = False) -> None:
    for name in names:
        shutil.rmtree(tmp_path / name)
        if not is_empty:
            shutil.copytree(tmp_path / f"{name}.older", tmp_path / name)


async def is_whole(db: Database, tmp_path: Path) -> bool:
    blobs, second = stores(tmp_path)
    return (
        await is_sound(db, blobs)
        and [text async for text in compare_second(db, blobs, second, TENANT, OpenKeyring())] == []
    )


@pytest.mark.parametrize("is_empty", [False, True])
@pytest.mark.parametrize("names", [("blobs",), ("second",), BOTH])
@pytest.mark.parametrize(("before", "after"), [(3, 4), (250, 40)])
async def test_a_log_goes_on_with_stores_older_than_the_database(
    db: Database,
    new_sequencer: NewSequencer,
    entropy: Entropy,
    tmp_path: Path,
    names: tuple[str, ...],
    before: int,
    after: int,
    *,
    is_empty: bool,
) -> None:
    await act(db, entropy, before)
    await new_sequencer().sequence(TENANT)
    keep(tmp_path)
    last = new_sequencer()
    for _ in range(2):
        await act(db, entropy, after)
        await last.sequence(TENANT)
    restore(tmp_path, *names, is_empty=is_empty)
    await act(db, entropy, 2)
    await new_sequencer().look_back()  # a house starts
    assert await new_sequencer().sequence(TENANT) == before + 2 * after + 2
    assert await is_whole(db, tmp_path)
    await act(db, entropy)
    await new_sequencer().sequence(TENANT)
    assert (await verify_log(db, stores(tmp_path)[0], TENANT)).findings == []


async def test_nothing_is_made_of_entries_that_were_never_signed(
    db: Database, new_sequencer: NewSequencer, entropy: Entropy, tmp_path: Path, tamper: Tamper
) -> None:
    await act(db, entropy, 5)
    await new_sequencer().sequence(TENANT)
    restore(tmp_path, "blobs", is_empty=True)
    tamper("update entry set leaf = leaf || ' '::bytea where id = 2")
    for _ in range(2):
        with pytest.raises(ForkError, match="not those that the newest checkpoint covers"):
            await new_sequencer().sequence(TENANT)
    assert not (tmp_path / "blobs").exists() or not [*(tmp_path / "blobs").rglob("tile")]


async def test_nothing_is_made_where_the_database_lost_entries(
    db: Database, new_sequencer: NewSequencer, entropy: Entropy, tmp_path: Path, tamper: Tamper
) -> None:
    await act(db, entropy, 5)
    await new_sequencer().sequence(TENANT)
    restore(tmp_path, "blobs", is_empty=True)
    tamper("delete from leaf where leaf_index = 4")
    with pytest.raises(ForkError, match="gatepost log recover"):
        await new_sequencer().sequence(TENANT)


async def test_a_damaged_edge_is_left_for_a_person(
    db: Database, new_sequencer: NewSequencer, entropy: Entropy, tmp_path: Path
) -> None:
    await act(db, entropy, 5)
    await new_sequencer().sequence(TENANT)
    blobs, _ = stores(tmp_path)
    await blobs.write(files.tile_path(TENANT, Tile(0, 0, 5)), bytes(5 * 32))
    with pytest.raises((ForkError, LedgerError)):
        await new_sequencer().sequence(TENANT)


async def test_mending_finds_what_is_missing_anywhere(
    db: Database, new_sequencer: NewSequencer, entropy: Entropy, tmp_path: Path
) -> None:
    await act(db, entropy, 600)
    await new_sequencer().sequence(TENANT)
    blobs, second = stores(tmp_path)
    whole = {tile: await blobs.read(files.tile_path(TENANT, tile)) for tile in tiles_of(600)}
    assert await new_sequencer().mend(TENANT) == 0
    for store in (blobs, second):
        await store.remove(files.tile_path(TENANT, Tile(0, 1)), files.tile_path(TENANT, Tile(-1, 0)))
    await second.remove(files.rows_path(TENANT, range(256, 512)))
    assert await new_sequencer().mend(TENANT) == 5
    assert {tile: await blobs.read(files.tile_path(TENANT, tile)) for tile in tiles_of(600)} == whole
    assert await is_whole(db, tmp_path)
