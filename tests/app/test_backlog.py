from datetime import timedelta
from pathlib import Path

from gatepost import record
from gatepost.app.administer import add_tenant
from gatepost.app.backlog import backlog
from gatepost.app.build import sequencer
from gatepost.db import Database
from gatepost.jobs import Promise
from gatepost.record import log_store
from gatepost.settings import Settings
from outbound import NOW, Hands
from outbound import house as built
from postbag import keep, letter


async def test_an_empty_house_has_nothing_waiting(db: Database) -> None:
    now = await backlog(db, NOW)
    assert (now.entries, now.log_lag_s, now.jobs, now.jobs_due, now.jobs_lag_s, now.jobs_dead) == (0, 0, 0, 0, 0, 0)
    assert (now.unindexed, now.unindexed_lag_s) == (0, 0)
    assert (now.unindexed_entries, now.unindexed_entries_lag_s) == (0, 0)


async def test_what_waits_is_counted_with_its_age(db: Database, tmp_path: Path) -> None:
    clock = Hands()
    house = built(db, tmp_path, clock)
    tenant = await add_tenant(house, name="one", plan="free")
    async with db.transaction(tenant.id) as tx:
        await house.jobs.enqueue(tx, Promise("act.wake", "k", {}))
        await house.jobs.enqueue(tx, Promise("act.wake", "later", {}), at=clock() + timedelta(days=1))
    clock.move(timedelta(seconds=30))
    now = await backlog(db, clock())
    assert (now.entries, now.jobs, now.jobs_due) == (1, 2, 1)
    assert now.log_lag_s == now.jobs_lag_s == 30
    await sequencer(Settings(), house).sequence(tenant.id)
    assert (await backlog(db, clock())).entries == 0


async def test_the_oldest_of_all_tenants_entries_counts(db: Database, tmp_path: Path) -> None:
    clock = Hands()
    house = built(db, tmp_path, clock)
    first = await add_tenant(house, name="one", plan="free")
    clock.move(timedelta(seconds=20))
    second = await add_tenant(house, name="two", plan="free")
    clock.move(timedelta(seconds=30))
    assert sorted(await log_store.tenants_waiting(db)) == sorted((first.id, second.id))
    assert (await backlog(db, clock())).log_lag_s == 50
    await sequencer(Settings(), house).sequence(first.id)
    now = await backlog(db, clock())
    assert (now.entries, now.log_lag_s) == (1, 30)
    assert await log_store.tenants_waiting(db) == [second.id]


async def test_mail_the_index_does_not_know_is_counted_with_its_age(db: Database) -> None:
    await keep(db, letter(1), letter(2), indexed=False)
    now = await backlog(db, letter(1).received_at + timedelta(minutes=10))
    assert (now.unindexed, now.unindexed_lag_s) == (2, 600)


async def test_entries_the_index_does_not_know_are_counted_with_the_age_of_the_oldest(
    db: Database, tmp_path: Path
) -> None:
    clock = Hands()
    house = built(db, tmp_path, clock)
    tenants = []
    for name in ("one", "two"):
        tenants.append((await add_tenant(house, name=name, plan="free")).id)
        await sequencer(Settings(), house).sequence(tenants[-1])
        clock.move(timedelta(seconds=20))
    now = await backlog(db, clock())
    assert (now.unindexed_entries, now.unindexed_entries_lag_s) == (2, 40)
    await record.Indexer(db).index(tenants[-1])
    now = await backlog(db, clock())
    assert (now.unindexed_entries, now.unindexed_entries_lag_s) == (1, 40)
    await record.Indexer(db).round()
    assert (await backlog(db, clock())).unindexed_entries == 0
