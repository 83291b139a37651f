"""A database restored to an older point: nothing is signed, and the log comes back from the second store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ledger.errors import LedgerError
from gatepost.record import export
from gatepost.record.check import verify_log
from gatepost.record.errors import ForkError
from gatepost.record.paper import Recorded
from gatepost.record.publish import Sequencer
from gatepost.record.recover import CannotRecoverError, recover
from record.papers import TENANT
from record.test_publish import act, head, is_sound

NewSequencer = Callable[[], Sequencer]
Tamper = Callable[[str], None]

OLDER = {
    "entry": "id > 2",
    "opening": "entry > 2",
    "decision_row": "entry > 2",
    "consequence": "entry > 2",
    "leaf": "leaf_index >= 2",
    "checkpoint": "true",
}


def restore(tamper: Tamper, *, keeps_key: bool = True) -> None:
    """Put the database back to when the log had two entries and no checkpoint."""
    for table, newer in OLDER.items():
        tamper(f"delete from {table} where {newer}")  # noqa: S608  # the words above
    tamper("select setval('entry_id', 2)")
    if not keeps_key:
        tamper("delete from log_key")


def empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


@pytest.mark.usefixtures("life")
@pytest.mark.parametrize("keeps_key", [True, False])
async def test_a_restored_log_signs_nothing_until_it_was_rolled_forward(
    db: Database, blobs: Blobs, second: Blobs, new_sequencer: NewSequencer, entropy: Entropy, tamper: Tamper, *,
    keeps_key: bool,
) -> None:  # fmt: skip
    before = await head(db, blobs)
    restore(tamper, keeps_key=keeps_key)
    if keeps_key:
        with pytest.raises(ForkError, match="gatepost log recover"):
            await new_sequencer().look_back()
    with pytest.raises(ForkError, match="gatepost log recover"):
        await new_sequencer().sequence(TENANT)
    if not keeps_key:
        tamper("delete from log_key")
    assert await recover(db, blobs, second, TENANT) == 3
    await new_sequencer().look_back()
    assert await head(db, blobs) == before
    assert await is_sound(db, blobs)
    await act(db, entropy)
    assert await new_sequencer().sequence(TENANT) == 6
    assert await is_sound(db, blobs)
    assert (await verify_log(db, blobs, TENANT)).openings == 6


async def test_what_came_back_is_what_was_there(
    db: Database, blobs: Blobs, second: Blobs, life: list[Recorded], tamper: Tamper
) -> None:
    async with db.transaction(TENANT) as tx:
        before = [await export.opening(tx, entry) for entry in life[1].entries]
    restore(tamper)
    await recover(db, blobs, second, TENANT)
    async with db.transaction(TENANT) as tx:
        assert [await export.opening(tx, entry) for entry in life[1].entries] == before
    assert await recover(db, blobs, second, TENANT) == 0


@pytest.mark.usefixtures("life")
async def test_a_lost_first_store_comes_back_too(
    db: Database, blobs: Blobs, second: Blobs, tamper: Tamper, folder: Path
) -> None:
    restore(tamper)
    empty(folder)
    assert await recover(db, blobs, second, TENANT) == 3
    assert await is_sound(db, blobs)


@pytest.mark.usefixtures("life")
async def test_entries_accepted_since_the_restore_are_not_written_over(
    db: Database, blobs: Blobs, second: Blobs, entropy: Entropy, tamper: Tamper
) -> None:
    restore(tamper)
    await act(db, entropy)
    with pytest.raises(CannotRecoverError, match="accepted after the restore"):
        await recover(db, blobs, second, TENANT)


@pytest.mark.usefixtures("life")
async def test_a_damaged_second_store_changes_nothing(
    db: Database, blobs: Blobs, second: Blobs, tamper: Tamper
) -> None:
    restore(tamper)
    place = f"log/{TENANT}/rows/000.p/0-4"
    rows = await second.read(place)
    assert rows is not None
    await second.write(place, rows[: len(rows) // 2])
    with pytest.raises((CannotRecoverError, LedgerError)):
        await recover(db, blobs, second, TENANT)
    await second.write(place, b"".join(rows.splitlines(keepends=True)[:4]))
    with pytest.raises(CannotRecoverError, match="not the entries of the newest checkpoint"):
        await recover(db, blobs, second, TENANT)
    await second.remove(place)
    with pytest.raises(CannotRecoverError, match="has no rows"):
        await recover(db, blobs, second, TENANT)
    async with db.transaction(TENANT) as tx:
        assert (await tx.one("select count(*) from entry")).count == 2


async def test_a_log_older_than_its_second_store_is_copied_there(
    db: Database, blobs: Blobs, new_sequencer: NewSequencer, life: list[Recorded], tamper: Tamper, tmp_path: Path
) -> None:
    assert life
    empty(tmp_path / "second")
    await new_sequencer().sequence(TENANT)
    restore(tamper)
    assert await recover(db, blobs, Blobs(Folder(tmp_path / "second")), TENANT) == 3
    assert await is_sound(db, blobs)


async def test_a_tenant_without_a_log_has_nothing_to_recover(db: Database, blobs: Blobs, second: Blobs) -> None:
    with pytest.raises(CannotRecoverError, match="key"):
        await recover(db, blobs, second, TENANT)
