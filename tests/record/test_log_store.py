import psycopg
import pytest

from gatepost import record
from gatepost.db import Database, Plans
from gatepost.ids import LeafIndex, TenantId
from gatepost.record import log_store
from gatepost.record.log_store import LogKey
from gatepost.record.paper import Kind
from record.papers import TENANT, consequence, counting

OTHER = TenantId("tn_b")


async def note(db: Database, count: int, *, tenant: TenantId = TENANT) -> list[int]:
    async with db.transaction(tenant) as tx:
        return [
            await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=counting(number * 10))
            for number in range(count)
        ]


async def test_entries_wait_until_they_have_a_place(db: Database) -> None:
    entries = await note(db, 3)
    assert await log_store.tenants_waiting(db) == [TENANT]
    async with db.transaction(TENANT) as tx:
        assert (await log_store.waiting(tx), await log_store.size(tx)) == (3, 0)
        assert await log_store.assign(tx, 2) == 2
        assert (await log_store.waiting(tx), await log_store.size(tx)) == (1, 2)
        assert await log_store.assign(tx, 2) == 1
        assert [await log_store.entry_at(tx, LeafIndex(at)) for at in range(4)] == [*entries, None]
        assert len(await log_store.leaves(tx, 1, 3)) == 2
    assert await log_store.tenants_waiting(db) == []


async def test_each_tenant_has_places_of_its_own(db: Database) -> None:
    await note(db, 2)
    await note(db, 1, tenant=OTHER)
    for tenant, count in ((TENANT, 2), (OTHER, 1)):
        async with db.transaction(tenant) as tx:
            assert await log_store.assign(tx, 10) == count
            assert await log_store.size(tx) == count


async def test_the_lock_is_the_tenants_and_ends_with_the_transaction(db: Database) -> None:
    async with db.transaction(TENANT) as one:
        assert await log_store.try_lock(one)
        async with db.transaction(TENANT) as two, db.transaction(OTHER) as three:
            assert not await log_store.try_lock(two)
            assert await log_store.try_lock(three)
    async with db.transaction(TENANT) as again:
        assert await log_store.try_lock(again)


async def test_the_first_log_key_stays(db: Database) -> None:
    first = LogKey("log/t/tn_a", "vkey", b"seed")
    async with db.transaction(TENANT) as tx:
        assert await log_store.log_key(tx) is None
        await log_store.add_log_key(tx, first)
        await log_store.add_log_key(tx, LogKey("log/t/tn_a", "other", b"other"))
        assert await log_store.log_key(tx) == first
    assert await log_store.tenants_with_log(db) == [TENANT]


async def test_every_checkpoint_is_remembered(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        assert await log_store.last_checkpoint(tx) is None
        for size in (1, 5, 9):
            await log_store.keep_checkpoint(tx, size, b"%d" % size)
        assert await log_store.last_checkpoint(tx) == b"9"
        assert await log_store.checkpoints(tx, 1, 9) == [(5, b"5"), (9, b"9")]


async def test_an_entry_is_read_with_its_opening(db: Database) -> None:
    (entry,) = await note(db, 1)
    async with db.transaction(TENANT) as tx:
        await log_store.assign(tx, 1)
        (found,) = await log_store.stored(tx, 0, 10)
    assert (found.leaf_index, found.entry, {*found.opening}) == (0, entry, {"policy_digest"})
    assert found.leaf.startswith(b"{")


async def test_an_opening_that_does_not_open_is_none(db: Database, owner_dsn: str) -> None:
    await note(db, 1)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update opening set sealed = 'x'")
    async with db.transaction(TENANT) as tx:
        await log_store.assign(tx, 1)
        (found,) = await log_store.stored(tx, 0, 10)
    assert found.opening is None


async def test_nobody_takes_an_entry_out_of_the_queue_but_for_a_place(db: Database) -> None:
    entropy = counting()
    async with db.transaction(TENANT) as tx:
        for _ in range(3):
            await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
        await log_store.assign(tx, 1)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="a place in the log"):
        async with db.transaction(TENANT) as tx:
            await tx.run("delete from unsequenced where tenant = %(tenant)s")
    async with db.transaction(TENANT) as tx:
        assert await log_store.assign(tx, 10) == 2
        assert await log_store.waiting(tx) == 0


async def test_no_other_entries_are_read_once_there_are_statistics(db: Database, owner_dsn: str) -> None:
    """With them, joining two whole tables looks cheaper than looking up each of some dozens of entries."""
    await note(db, 400)
    async with db.transaction(TENANT) as tx:
        await log_store.assign(tx, 400)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("analyze entry, opening, decision_row, consequence, leaf")
    read = "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as rows from pg_stat_xact_user_tables"
    async with db.transaction(TENANT, plans=Plans.FRESH) as tx:
        before = (await tx.one(read)).rows or 0
        assert len(await log_store.copied_rows(tx, 350, 400)) == 50
        assert len(await log_store.leaves(tx, 350, 400)) == 50
        assert len(await log_store.stored(tx, 350, 400)) == 50
        assert (await tx.one(read)).rows - before < 50 * 12
