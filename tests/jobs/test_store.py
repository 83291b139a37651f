import asyncio
from datetime import timedelta

import psycopg
import pytest

from gatepost.db import Database
from gatepost.jobs import Jobs, Promise, store
from jobs.scene import A, B, Hands


async def _lease(db: Database, hands: Hands, wanted: int) -> list[tuple[str, str]]:
    async with db.transaction(None) as tx:
        until = hands() + timedelta(seconds=30)
        leased = await store.lease(tx, ["work"], at=hands(), until=until, wanted=wanted)
    return sorted((each.job.tenant, each.job.key) for each in leased)


async def test_a_lease_is_shared_between_the_tenants_that_wait(db: Database, jobs: Jobs, hands: Hands) -> None:
    for tenant, count in ((A, 9), (B, 2)):
        async with db.transaction(tenant) as tx:
            for n in range(count):
                await jobs.enqueue(tx, Promise("work", str(n), {}))
    assert await _lease(db, hands, 4) == [(A, "0"), (A, "1"), (B, "0"), (B, "1")]
    assert await _lease(db, hands, 4) == [(A, "2"), (A, "3"), (A, "4"), (A, "5")]


async def test_a_tenant_with_jobs_out_stands_behind_one_with_none(db: Database, jobs: Jobs, hands: Hands) -> None:
    async with db.transaction(A) as tx:
        for n in range(9):
            await jobs.enqueue(tx, Promise("work", str(n), {}))
    await _lease(db, hands, 3)
    async with db.transaction(B) as tx:
        await jobs.enqueue(tx, Promise("work", "b", {}))
    assert await _lease(db, hands, 1) == [(B, "b")]


async def test_two_workers_asking_at_once_get_different_jobs(db: Database, jobs: Jobs, hands: Hands) -> None:
    async with db.transaction(A) as tx:
        for n in range(20):
            await jobs.enqueue(tx, Promise("work", str(n), {}))
    got = await asyncio.gather(*(_lease(db, hands, 5) for _ in range(4)))
    assert len({job for some in got for job in some}) == sum(map(len, got)) == 20


async def test_a_long_queue_of_one_key_costs_no_more_than_its_first(
    db: Database, jobs: Jobs, hands: Hands, owner_dsn: str
) -> None:
    async with db.transaction(A) as tx:
        await jobs.enqueue(tx, Promise("work", "hot", {}))
        await tx.run(
            "insert into job (tenant, kind, key, body, promised_at, due_at, behind)"
            " select %(tenant)s, 'work', 'hot', '{}', %(at)s, %(at)s, (select min(id) from job)"
            " from generate_series(1, 20000)",
            at=hands(),
        )
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as connection:
        await connection.execute("analyze job")
    async with asyncio.timeout(2):  # it was minutes while every waiting job was looked at
        assert await _lease(db, hands, 16) == [(A, "hot")]
        assert await _lease(db, hands, 16) == []


async def test_the_schema_itself_forbids_two_of_one_key_at_once(db: Database, jobs: Jobs, hands: Hands) -> None:
    async with db.transaction(A) as tx:
        await jobs.enqueue(tx, Promise("work", "k", {}))
        await jobs.enqueue(tx, Promise("work", "k", {}))
        await jobs.enqueue(tx, Promise("other", "k", {}))
    with pytest.raises(psycopg.errors.UniqueViolation):
        await _lease_all(db, hands)


async def _lease_all(db: Database, hands: Hands) -> None:
    async with db.transaction(A) as tx:
        await tx.run("update job set leased_until = %(at)s", at=hands())


async def test_a_revived_job_goes_behind_what_was_promised_since(db: Database, jobs: Jobs, hands: Hands) -> None:
    async with db.transaction(A) as tx:
        first = await jobs.enqueue(tx, Promise("work", "k", {}))
    async with db.transaction(None) as tx:
        (leased,) = await store.lease(tx, ["work"], at=hands(), until=hands(), wanted=1)
    async with db.transaction(A) as tx:
        assert await store.bury(tx, leased.job, at=hands(), failures=3, reason="x")
        assert not await store.bury(tx, leased.job, at=hands(), failures=3, reason="x")
        second = await jobs.enqueue(tx, Promise("work", "k", {}))
        assert await jobs.revive(tx, first)
        row = await tx.one("select behind, attempt, failures from job where id = %(id)s", id=first)
    assert (row.behind, row.attempt, row.failures) == (second, 1, 0)


async def _due(db: Database) -> dict[str, int]:
    async with db.transaction(A) as tx:
        rows = await tx.all("select key, due_at - promised_at as wait from job where tenant = %(tenant)s")
    return {row.key: round(row.wait.total_seconds()) for row in rows}


async def test_who_waits_for_one_reason_is_called_and_no_other(db: Database, jobs: Jobs, hands: Hands) -> None:
    for tenant in (A, B):
        async with db.transaction(tenant) as tx:
            for key in ("crowded", "deferred", "out"):
                await jobs.enqueue(tx, Promise("work", key, {}))
    async with db.transaction(None) as tx:
        leased = await store.lease(tx, ["work"], at=hands(), until=hands() + timedelta(seconds=30), wanted=6)
    for each in leased:
        if each.job.key != "out":
            async with db.transaction(each.job.tenant) as tx:
                due_at = hands() + timedelta(hours=1)
                await store.put_back(tx, each.job, due_at=due_at, failures=0, reason=each.job.key)
    hands.move(60)
    async with db.transaction(A) as tx:
        assert await jobs.hasten(tx, [each.job.id for each in leased], reason="crowded") == 1
    assert await _due(db) == {"crowded": 60, "deferred": 3600, "out": 0}
    async with db.transaction(B) as tx:
        assert await jobs.hasten(tx, [each.job.id for each in leased if each.job.tenant == B], reason="crowded") == 1
