"""A database restored to an older point: nothing is signed, and the log comes back from the second store."""

from collections.abc import Callable
from pathlib import Path

import orjson
import psycopg
import pytest

import singly
from gatepost import record
from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.clock import Entropy
from gatepost.db import Database, Transaction
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.ledger.errors import LedgerError
from gatepost.record import erase, erase_store, export, log_store
from gatepost.record.canonical import canonical
from gatepost.record.check import verify_log
from gatepost.record.erase import Removal, Rule
from gatepost.record.errors import ForkError
from gatepost.record.paper import Kind, Recorded
from gatepost.record.publish import Sequencer
from gatepost.record.recover import CannotRecoverError, Recovered, recover
from record.papers import AFTER, TENANT, consequence, inbound, outbound
from record.test_publish import act, head, is_sound

NewSequencer = Callable[[], Sequencer]
Tamper = Callable[[str], None]

OTHER = TenantId("tn_b")
CAME_BACK = [Recovered(TENANT, 3, 0)]

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
    db: Database, own: Database, blobs: Blobs, second: Blobs, new_sequencer: NewSequencer, entropy: Entropy,
    tamper: Tamper, *, keeps_key: bool,
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
    assert await recover(db, own, blobs, second, now=AFTER) == CAME_BACK
    await new_sequencer().look_back()
    assert await head(db, blobs) == before
    assert await is_sound(db, blobs)
    await act(db, entropy)
    assert await new_sequencer().sequence(TENANT) == 6
    assert await is_sound(db, blobs)
    assert (await verify_log(db, blobs, TENANT)).openings == 6


async def test_what_came_back_is_what_was_there(
    db: Database, own: Database, blobs: Blobs, second: Blobs, life: list[Recorded], tamper: Tamper
) -> None:
    async with db.transaction(TENANT) as tx:
        before = [await export.opening(tx, entry) for entry in life[1].entries]
    restore(tamper)
    await recover(db, own, blobs, second, now=AFTER)
    async with db.transaction(TENANT) as tx:
        assert [await export.opening(tx, entry) for entry in life[1].entries] == before
    assert await recover(db, own, blobs, second, now=AFTER) == []


async def test_an_erasure_comes_back_with_its_entry_and_lets_nobody_remove_more(
    db: Database, own: Database, blobs: Blobs, second: Blobs, new_sequencer: NewSequencer, entropy: Entropy,
    life: list[Recorded], tamper: Tamper,
) -> None:  # fmt: skip
    removal = Removal(request="er_1", rule=Rule.PERSON, actor="operator", at=AFTER, what={"entries": [[4, 4]]})
    async with own.transaction(TENANT) as tx:
        await erase.say(tx, removal, entropy=entropy)
        await erase.erase(tx, life[1].entries)
    await new_sequencer().sequence(TENANT)
    tamper("delete from erasure")
    restore(tamper)
    assert await recover(db, own, blobs, second, now=AFTER) == [Recovered(TENANT, 4, 0)]
    assert await is_sound(db, blobs)
    async with own.transaction(TENANT) as tx:
        assert await erase.answered(tx, ["er_1"]) == {"er_1"}
        assert await erase_store.put_back_erasures(tx) == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only with the entry that says so"):
        async with own.transaction(TENANT) as tx:
            await erase.erase(tx, life[0].entries)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with db.transaction(TENANT) as tx:
            await erase_store.put_back_erasures(tx)


@pytest.mark.usefixtures("life")
async def test_a_lost_first_store_comes_back_too(
    db: Database, own: Database, blobs: Blobs, second: Blobs, tamper: Tamper, folder: Path
) -> None:
    restore(tamper)
    empty(folder)
    assert await recover(db, own, blobs, second, now=AFTER) == CAME_BACK
    assert await is_sound(db, blobs)


@pytest.mark.usefixtures("life")
async def test_entries_accepted_since_the_restore_have_new_numbers_and_are_kept(
    db: Database, own: Database, blobs: Blobs, second: Blobs, new_sequencer: NewSequencer, entropy: Entropy,
    tamper: Tamper,
) -> None:  # fmt: skip
    restore(tamper)
    async with db.transaction(TENANT) as tx:
        late = await singly.append(tx, inbound(8), entropy=entropy)
        await singly.append(tx, outbound(9, answers=late.arrived.email), entropy=entropy)
    assert late.entries == (3,)
    assert await recover(db, own, blobs, second, now=AFTER) == [Recovered(TENANT, 3, 2)]
    assert await new_sequencer().sequence(TENANT) == 7
    assert await is_sound(db, blobs)
    assert (await verify_log(db, blobs, TENANT)).openings == 7
    async with db.transaction(TENANT) as tx:
        first, answer = [await log_store.leaves(tx, at, at + 1) for at in (5, 6)]
        (row,) = await record.decision_rows(tx, email=late.arrived.email)
    assert orjson.loads(first[0])["seq"] == orjson.loads(answer[0])["prev_decision_ref"] == row.entry > 5
    assert await recover(db, own, blobs, second, now=AFTER) == []


async def test_logs_of_two_tenants_come_back_together(
    db: Database, own: Database, blobs: Blobs, second: Blobs, new_sequencer: NewSequencer, entropy: Entropy,
    life: list[Recorded], tamper: Tamper,
) -> None:  # fmt: skip
    """They share one sequence of numbers: whose log comes back first must not take those of the other's."""
    await act(db, entropy, 2, tenant=OTHER)  # 6 and 7
    await new_sequencer().sequence(OTHER)
    await act(db, entropy, 3)
    await new_sequencer().sequence(TENANT)
    restore(tamper)  # of the other tenant's log it knows nothing
    for table in ("log_key", "leaf"):
        tamper(f"delete from {table} where tenant = '{OTHER}'")  # noqa: S608  # words of ours
    await act(db, entropy, 4, tenant=OTHER)  # 3 to 6: all are others'
    assert await recover(db, own, blobs, second, now=AFTER) == [Recovered(TENANT, 6, 0), Recovered(OTHER, 2, 4)]
    await act(db, entropy)
    assert [await new_sequencer().sequence(each) for each in (TENANT, OTHER)] == [9, 6]
    for tenant, size in ((TENANT, 9), (OTHER, 6)):
        report = await verify_log(db, blobs, tenant)
        assert (report.findings, report.openings) == ([], size)
    async with db.transaction(TENANT) as tx:
        assert (await export.opening(tx, life[1].entries[0])) is not None


async def test_an_entry_that_was_published_under_anothers_number_stops_it(
    db: Database, own: Database, blobs: Blobs, second: Blobs, new_sequencer: NewSequencer, entropy: Entropy,
    life: list[Recorded], tamper: Tamper,
) -> None:  # fmt: skip
    assert life
    restore(tamper)
    await act(db, entropy, tenant=OTHER)
    await new_sequencer().sequence(OTHER)
    with pytest.raises(CannotRecoverError, match=f"entry 3 stands in the log of {OTHER}"):
        await recover(db, own, blobs, second, now=AFTER)
    async with db.transaction(TENANT) as tx:
        assert (await tx.one("select count(*) from entry")).count == 2


@pytest.mark.usefixtures("life")
@pytest.mark.parametrize(
    ("was", "leaf", "why"),
    [
        (2, b"{}", "has its place"),
        (6, b'{"seq": 9}', "nothing else"),
        (6, None, "nothing else"),
        (7, b"{}", "nothing else"),
    ],
)
async def test_no_number_is_changed_of_what_has_a_place_and_nothing_but_the_number(
    db: Database, own: Database, entropy: Entropy, was: int, leaf: bytes | None, why: str
) -> None:
    await act(db, entropy)
    async with db.transaction(TENANT) as tx:
        (row,) = await tx.all("select leaf from entry where id = 6")
    with pytest.raises(psycopg.errors.CheckViolation, match=why):
        async with own.transaction(TENANT) as tx:
            await log_store.renumber(tx, EntryId(was), EntryId(9), bytes(row.leaf) if leaf is None else leaf)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with db.transaction(TENANT) as tx:
            await log_store.renumber(tx, EntryId(6), EntryId(9), bytes(row.leaf))


async def test_no_number_is_changed_of_another_tenants_entry(db: Database, own: Database, entropy: Entropy) -> None:
    async with db.transaction(OTHER) as tx:
        entry = await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
        (row,) = await tx.all("select leaf from entry where tenant = %(tenant)s")
    leaf = canonical(orjson.loads(row.leaf) | {"seq": entry + 8}).encode()
    with pytest.raises(psycopg.errors.CheckViolation, match="nothing else"):
        async with own.transaction(TENANT) as tx:
            await log_store.renumber(tx, entry, EntryId(entry + 8), leaf)
    async with own.transaction(OTHER) as tx:
        await log_store.renumber(tx, entry, EntryId(entry + 8), leaf)


@pytest.mark.usefixtures("life")
async def test_a_damaged_second_store_changes_nothing(
    db: Database, own: Database, blobs: Blobs, second: Blobs, tamper: Tamper
) -> None:
    restore(tamper)
    place = f"log/{TENANT}/rows/000.p/0-4"
    rows = await second.read(place)
    assert rows is not None
    await second.write(place, rows[: len(rows) // 2])
    with pytest.raises((CannotRecoverError, LedgerError)):
        await recover(db, own, blobs, second, now=AFTER)
    await second.write(place, b"".join(rows.splitlines(keepends=True)[:4]))
    with pytest.raises(CannotRecoverError, match="are cut short"):
        await recover(db, own, blobs, second, now=AFTER)
    await second.remove(place)
    with pytest.raises(CannotRecoverError, match="has no rows"):
        await recover(db, own, blobs, second, now=AFTER)
    async with db.transaction(TENANT) as tx:
        assert (await tx.one("select count(*) from entry")).count == 2


async def test_a_log_older_than_its_second_store_is_copied_there(
    db: Database,
    own: Database,
    blobs: Blobs,
    new_sequencer: NewSequencer,
    life: list[Recorded],
    tamper: Tamper,
    tmp_path: Path,
) -> None:
    assert life
    empty(tmp_path / "second")
    await new_sequencer().sequence(TENANT)
    restore(tamper)
    assert await recover(db, own, blobs, Blobs(Folder(tmp_path / "second")), now=AFTER) == CAME_BACK
    assert await is_sound(db, blobs)


async def test_a_tenant_without_a_log_has_nothing_to_recover(
    db: Database, own: Database, blobs: Blobs, second: Blobs, entropy: Entropy
) -> None:
    await act(db, entropy)
    assert await recover(db, own, blobs, second, now=AFTER) == []


@pytest.mark.usefixtures("life")
async def test_what_holds_the_tables_to_the_entries_runs_in_the_transaction_that_brings_them_back(
    db: Database, own: Database, blobs: Blobs, second: Blobs, tamper: Tamper
) -> None:
    restore(tamper)

    async def settle(tx: Transaction, since: LeafIndex) -> int:
        came = await log_store.leaves(tx, since)
        if not is_well:
            raise RuntimeError
        return len(came)

    is_well = False
    with pytest.raises(RuntimeError):
        await recover(db, own, blobs, second, now=AFTER, settle=settle)
    async with db.transaction(TENANT) as tx:
        assert await log_store.size(tx) == 2  # as it was: the next run finds all of it
    is_well = True
    assert await recover(db, own, blobs, second, now=AFTER, settle=settle) == [Recovered(TENANT, 3, 0, settled=3)]
    assert await recover(db, own, blobs, second, now=AFTER, settle=settle) == []
