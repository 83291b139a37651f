import asyncio
from datetime import timedelta

import pytest

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.jobs import Job, Jobs, Promise, store
from gatepost.jobs.finisher import Finisher
from jobs.scene import A, B, Hands


async def _leased(db: Database, jobs: Jobs, hands: Hands) -> list[Job]:
    """Return three jobs that are out: two of A, one of B."""
    for tenant, keys in ((A, ("1", "2")), (B, ("3",))):
        async with db.transaction(tenant) as tx:
            for key in keys:
                await jobs.enqueue(tx, Promise("work", key, {}))
    async with db.transaction(None) as tx:
        until = hands() + timedelta(seconds=30)
        return [each.job for each in await store.lease(tx, ["work"], at=hands(), until=until, wanted=9)]


async def test_what_finishes_together_is_forgotten_for_every_tenant(db: Database, jobs: Jobs, hands: Hands) -> None:
    leased = await _leased(db, jobs, hands)
    finisher = Finisher(db)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(finisher.run())
        assert await asyncio.gather(*(finisher.finish(job) for job in leased)) == [True, True, True]
        assert await finisher.finish(leased[0]) is False  # it is gone, so it is nobody's
        running.cancel()
    for tenant in (A, B):
        async with db.transaction(tenant) as tx:
            assert await tx.all("select from job") == []


async def test_a_lost_database_is_told_to_each_who_waits(app_dsn: str, db: Database, jobs: Jobs, hands: Hands) -> None:
    leased = await _leased(db, jobs, hands)
    async with Database.open(app_dsn) as closed:
        finisher = Finisher(closed)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(finisher.run())
        for done in [group.create_task(_refused(finisher, job)) for job in leased]:
            await done
        running.cancel()


async def _refused(finisher: Finisher, job: Job) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await finisher.finish(job)
