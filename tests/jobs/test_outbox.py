import asyncio
from datetime import timedelta

import pytest

from gatepost.db import Database
from gatepost.jobs import Job, Jobs, Pace, Promise
from jobs.scene import A, B, Hands, Settled, Working


async def test_a_promise_is_kept_after_the_commit(db: Database, jobs: Jobs, hands: Hands, working: Working) -> None:
    kept: asyncio.Queue[Job] = asyncio.Queue()
    async with working({"greet": kept.put}):
        async with db.transaction(A) as tx:
            promised = await jobs.enqueue(tx, Promise("greet", "k", {"email": "em_1", "entry": 7}))
            await asyncio.sleep(0.1)
            assert kept.empty()
        job = await kept.get()
    assert (job.id, job.tenant, job.kind, job.key, job.attempt) == (promised, A, "greet", "k", 1)
    assert job.body == {"email": "em_1", "entry": 7}
    assert job.promised_at == hands()


async def _promise_and_fail(db: Database, jobs: Jobs) -> None:
    async with db.transaction(A) as tx:
        await jobs.enqueue(tx, Promise("greet", "k", {"n": 1}))
        raise ZeroDivisionError


async def test_a_promise_is_forgotten_with_its_transaction(db: Database, jobs: Jobs, working: Working) -> None:
    kept: asyncio.Queue[Job] = asyncio.Queue()
    with pytest.raises(ZeroDivisionError):
        await _promise_and_fail(db, jobs)
    async with db.transaction(A) as tx:
        await jobs.enqueue(tx, Promise("greet", "k", {"n": 2}))
    async with working({"greet": kept.put}):
        assert (await kept.get()).body == {"n": 2}
    assert kept.empty()


async def test_a_kept_promise_leaves_no_row(db: Database, jobs: Jobs, working: Working) -> None:
    kept: asyncio.Queue[Job] = asyncio.Queue()
    async with db.transaction(A) as tx:
        await jobs.enqueue(tx, Promise("greet", "k", {}))
    async with working({"greet": kept.put}):
        await kept.get()
    async with db.transaction(A) as tx:
        assert (await tx.one("select count(*) as left from job")).left == 0


async def test_a_promise_for_later_waits_for_its_time(db: Database, jobs: Jobs, hands: Hands, working: Working) -> None:
    kept: asyncio.Queue[Job] = asyncio.Queue()
    async with db.transaction(A) as tx:
        await jobs.enqueue(tx, Promise("greet", "k", {}), at=hands() + timedelta(hours=1))
    async with working({"greet": kept.put}):
        hands.move(3599)
        await asyncio.sleep(0.1)
        assert kept.empty()
        hands.move(1)
        await kept.get()


async def test_an_idle_worker_hears_of_a_promise_without_polling(db: Database, hands: Hands) -> None:
    jobs = Jobs(db, hands, pace=Pace(poll_s=3600, hint_s=0.02))
    kept: asyncio.Queue[Job] = asyncio.Queue()
    stop = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(jobs.run({"greet": kept.put}, stop))
        await asyncio.sleep(0.3)  # it has looked once and found nothing
        for n in range(5):  # the later ones fall into the pause after the first hint
            async with db.transaction(A) as tx:
                await jobs.enqueue(tx, Promise("greet", str(n), {}))
        for _ in range(5):
            await kept.get()
        stop.set()


async def test_the_dead_are_listed_and_revived_by_their_own_tenant_only(
    db: Database, jobs: Jobs, hands: Hands, working: Working, settled: Settled
) -> None:
    runs: asyncio.Queue[Job] = asyncio.Queue()

    async def fail(job: Job) -> None:
        await runs.put(job)
        raise ValueError(job.key)

    async with db.transaction(A) as tx:
        promised = await jobs.enqueue(tx, Promise("greet", "private", {}))
    async with working({"greet": fail}):
        for _ in range(3):
            await runs.get()
            await settled()
            hands.move(100)
    async with db.transaction(B) as tx:
        assert await jobs.dead(tx) == ()
        assert not await jobs.revive(tx, promised)
    async with db.transaction(A) as tx:
        (dead,) = await jobs.dead(tx)
        assert (dead.id, dead.attempt, dead.failures) == (promised, 3, 3)
        assert dead.reason.startswith("ValueError in ")
        assert "private" not in dead.reason
        assert await jobs.revive(tx, promised)
        assert not await jobs.revive(tx, promised)
    async with working({"greet": runs.put}):
        assert (await runs.get()).attempt == 4
