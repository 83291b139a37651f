import asyncio
from datetime import timedelta

import psycopg
from structlog.typing import EventDict

from gatepost.db import Database
from gatepost.jobs import DeadJob, Handler, Job, Jobs, Lane, Pace, Patience, Promise, TryAgainError
from jobs.scene import QUICK, A, B, Hands, Settled, Working


async def _promise(db: Database, jobs: Jobs, *promises: Promise) -> None:
    async with db.transaction(A) as tx:
        for promise in promises:
            await jobs.enqueue(tx, promise)


async def _first_dead(db: Database, jobs: Jobs) -> DeadJob:
    while True:
        async with db.transaction(A) as tx:
            if dead := await jobs.dead(tx):
                return dead[0]
        await asyncio.sleep(0.01)


async def test_jobs_of_one_key_run_one_at_a_time_and_in_order(db: Database, jobs: Jobs, working: Working) -> None:
    out: dict[str, int] = {"x": 0, "y": 0}
    order: dict[str, list[object]] = {"x": [], "y": []}
    left = asyncio.Semaphore(0)

    async def work(job: Job) -> None:
        out[job.key] += 1
        assert out[job.key] == 1
        await asyncio.sleep(0.005)
        order[job.key].append(job.body["n"])
        out[job.key] -= 1
        left.release()

    await _promise(db, jobs, *(Promise("work", key, {"n": n}) for n in range(6) for key in ("x", "y")))
    async with working({"work": work}):
        for _ in range(12):
            await left.acquire()
    assert order == {"x": list(range(6)), "y": list(range(6))}


async def test_two_workers_never_run_one_key_at_once(db: Database, jobs: Jobs, working: Working) -> None:
    order: list[object] = []
    out = 0
    left = asyncio.Semaphore(0)

    async def work(job: Job) -> None:
        nonlocal out
        out += 1
        assert out == 1
        await asyncio.sleep(0.005)
        order.append(job.body["n"])
        out -= 1
        left.release()

    await _promise(db, jobs, *(Promise("work", "k", {"n": n}) for n in range(10)))
    async with working({"work": work}), working({"work": work}):
        for _ in range(10):
            await left.acquire()
    assert order == list(range(10))


async def test_a_promise_made_while_the_one_before_it_ends_is_not_forgotten(
    db: Database, jobs: Jobs, working: Working
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    done: asyncio.Queue[object] = asyncio.Queue()

    async def work(job: Job) -> None:
        begun.set()
        await go_on.wait()
        await done.put(job.body["n"])

    await _promise(db, jobs, Promise("work", "k", {"n": 1}))
    async with working({"work": work}):
        await begun.wait()
        async with db.transaction(A) as tx:
            await jobs.enqueue(tx, Promise("work", "k", {"n": 2}))
            go_on.set()
            assert await done.get() == 1
            await asyncio.sleep(0.05)  # it would be forgotten now, while we have not committed
        assert await done.get() == 2


async def test_two_promises_that_know_nothing_of_each_other_still_run_one_at_a_time(
    db: Database, jobs: Jobs, working: Working
) -> None:
    out = 0
    done: asyncio.Queue[object] = asyncio.Queue()

    async def work(job: Job) -> None:
        nonlocal out
        out += 1
        assert out == 1
        await asyncio.sleep(0.03)
        out -= 1
        await done.put(job.body["n"])

    async with db.transaction(A) as first, db.transaction(A) as second:
        await jobs.enqueue(first, Promise("work", "k", {"n": 1}))
        await jobs.enqueue(second, Promise("work", "k", {"n": 2}))
    async with working({"work": work}):
        assert [await done.get(), await done.get()] == [1, 2]


async def test_a_job_that_waits_for_another_try_holds_up_its_key_and_nothing_else(
    db: Database, jobs: Jobs, hands: Hands, working: Working, settled: Settled
) -> None:
    done: asyncio.Queue[tuple[str, object, int]] = asyncio.Queue()

    async def work(job: Job) -> None:
        if job.key == "x" and job.attempt == 1 and job.body["n"] == 1:
            raise TryAgainError(hands() + timedelta(seconds=60), "greylisted")
        await done.put((job.key, job.body["n"], job.attempt))

    await _promise(
        db, jobs, Promise("work", "x", {"n": 1}), Promise("work", "x", {"n": 2}), Promise("work", "y", {"n": 3})
    )
    async with working({"work": work}):
        assert await done.get() == ("y", 3, 1)
        await asyncio.sleep(0.1)
        await settled()
        assert done.empty()
        hands.move(60)
        assert [await done.get(), await done.get()] == [("x", 1, 2), ("x", 2, 1)]


async def test_a_job_may_ask_for_another_try_for_ever(
    db: Database, jobs: Jobs, hands: Hands, working: Working, settled: Settled
) -> None:
    runs: asyncio.Queue[int] = asyncio.Queue()

    async def work(job: Job) -> None:
        await runs.put(job.attempt)
        raise TryAgainError(hands() + timedelta(seconds=5), "not yet\x00\n")

    await _promise(db, jobs, Promise("work", "k", {}))
    async with working({"work": work}):
        for attempt in range(1, 8):  # more than the three failures this outbox bears
            assert await runs.get() == attempt
            await settled()
            hands.move(5)


async def test_an_unexpected_failure_waits_longer_each_time_and_ends_dead(
    db: Database, jobs: Jobs, hands: Hands, working: Working, settled: Settled
) -> None:
    runs: asyncio.Queue[int] = asyncio.Queue()

    async def work(job: Job) -> None:
        await runs.put(job.attempt)
        raise RuntimeError("broken")

    await _promise(db, jobs, Promise("work", "k", {}))
    async with working({"work": work}):
        for wait_s in (10, 20):
            await runs.get()
            await settled()
            hands.move(wait_s - 1)
            await asyncio.sleep(0.06)
            assert runs.empty()
            hands.move(1)
        await runs.get()
        await settled()
        hands.move(10_000)
        await asyncio.sleep(0.06)
    assert runs.empty()
    async with db.transaction(A) as tx:
        assert [dead.failures for dead in await jobs.dead(tx)] == [3]


async def test_a_dead_job_does_not_hold_up_its_key(db: Database, hands: Hands) -> None:
    jobs = Jobs(db, hands, pace=QUICK, patience=Patience(failures_max=1))
    done: asyncio.Queue[object] = asyncio.Queue()
    stop = asyncio.Event()

    async def work(job: Job) -> None:
        if job.body["n"] == 1:
            raise RuntimeError("broken")
        await done.put(job.body["n"])

    await _promise(db, jobs, Promise("work", "k", {"n": 1}), Promise("work", "k", {"n": 2}))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(jobs.run({"work": work}, stop))
        assert await done.get() == 2
        stop.set()


async def test_the_jobs_of_a_killed_worker_are_taken_over_when_their_lease_ends(
    db: Database, jobs: Jobs, hands: Hands, working: Working
) -> None:
    await _promise(db, jobs, Promise("work", "k", {"n": 1}), Promise("work", "k", {"n": 2}))
    async with db.transaction(None) as tx:  # a worker that leased it and was killed
        query = "select attempt from lookup_lease_jobs(array['work'], %(at)s, %(until)s, 10)"
        assert [row.attempt for row in await tx.all(query, at=hands(), until=hands() + timedelta(seconds=30))] == [1]
    done: asyncio.Queue[Job] = asyncio.Queue()
    async with working({"work": done.put}):
        hands.move(29)
        await asyncio.sleep(0.1)
        assert done.empty()
        hands.move(1)
        first, second = await done.get(), await done.get()
    assert [(job.body["n"], job.attempt) for job in (first, second)] == [(1, 2), (2, 1)]


async def test_a_job_that_kills_each_worker_ends_dead_without_being_run_again(
    db: Database, jobs: Jobs, hands: Hands, working: Working
) -> None:
    await _promise(db, jobs, Promise("work", "k", {}))
    for _ in range(3):
        async with db.transaction(None) as tx:
            query = "select from lookup_lease_jobs(array['work'], %(at)s, %(until)s, 1)"
            await tx.run(query, at=hands(), until=hands() + timedelta(seconds=30))
        hands.move(30)
    runs: asyncio.Queue[Job] = asyncio.Queue()
    async with working({"work": runs.put}):
        dead = await _first_dead(db, jobs)
    assert runs.empty()
    assert dead.reason == "its worker died each time"


async def test_a_run_that_lost_its_lease_settles_nothing(
    db: Database, jobs: Jobs, hands: Hands, working: Working, said: list[EventDict]
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(job: Job) -> None:
        del job
        begun.set()
        await go_on.wait()

    await _promise(db, jobs, Promise("work", "k", {}))
    async with working({"work": work}):
        await begun.wait()
        async with db.transaction(None) as tx:  # another worker, after a long pause of ours
            query = "select attempt from lookup_lease_jobs(array['work'], %(at)s, %(until)s, 1)"
            later = hands() + timedelta(seconds=31)
            assert (await tx.one(query, at=later, until=later + timedelta(seconds=30))).attempt == 2
        go_on.set()
    assert "job.lease_lost" in [line["event"] for line in said]
    async with db.transaction(A) as tx:
        assert (await tx.one("select attempt from job")).attempt == 2


async def test_a_long_run_keeps_its_lease(db: Database, hands: Hands) -> None:
    jobs = Jobs(db, hands, pace=Pace(lease_s=0.15, poll_s=0.02))
    runs: asyncio.Queue[int] = asyncio.Queue()
    stop = asyncio.Event()

    async def work(job: Job) -> None:
        await runs.put(job.attempt)
        for _ in range(20):
            await asyncio.sleep(0.025)
            hands.move(0.025)

    await _promise(db, jobs, Promise("work", "k", {}))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(jobs.run({"work": work}, stop))
        await runs.get()
        await asyncio.sleep(0.4)
        stop.set()
    assert runs.empty()


async def test_a_run_without_end_is_cancelled_and_counts_as_failed(db: Database, hands: Hands) -> None:
    jobs = Jobs(db, hands, pace=Pace(run_max_s=0.05, poll_s=0.02), patience=Patience(failures_max=1))
    stop = asyncio.Event()

    async def work(job: Job) -> None:
        del job
        await asyncio.Event().wait()

    await _promise(db, jobs, Promise("work", "k", {}))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(jobs.run({"work": work}, stop))
        dead = await _first_dead(db, jobs)
        stop.set()
    assert dead.reason.startswith("TimeoutError")


async def test_one_tenants_heap_does_not_stand_before_anothers_first_job(
    db: Database, jobs: Jobs, working: Working
) -> None:
    order: list[str] = []
    left = asyncio.Semaphore(0)

    async def work(job: Job) -> None:
        order.append(job.tenant)
        await asyncio.sleep(0.002)
        left.release()

    await _promise(db, jobs, *(Promise("work", str(n), {}) for n in range(40)))
    async with db.transaction(B) as tx:
        for n in range(4):
            await jobs.enqueue(tx, Promise("work", str(n), {}))
    async with working({"work": work}):
        for _ in range(44):
            await left.acquire()
    assert max(place for place, tenant in enumerate(order) if tenant == B) < 16


async def test_no_more_run_at_once_than_the_pace_allows(db: Database, jobs: Jobs, working: Working) -> None:
    out = most = 0
    left = asyncio.Semaphore(0)

    async def work(job: Job) -> None:
        nonlocal out, most
        del job
        out += 1
        most = max(most, out)
        await asyncio.sleep(0.005)
        out -= 1
        left.release()

    await _promise(db, jobs, *(Promise("work", str(n), {}) for n in range(20)))
    async with working({"work": work}):
        for _ in range(20):
            await left.acquire()
    assert most == QUICK.concurrency


async def test_stopping_lets_a_short_run_finish_and_puts_a_long_one_back(
    db: Database, jobs: Jobs, working: Working
) -> None:
    begun = asyncio.Semaphore(0)
    ended: list[str] = []

    async def work(job: Job) -> None:
        begun.release()
        await asyncio.sleep(0.01 if job.key == "short" else 60)
        ended.append(job.key)

    await _promise(db, jobs, Promise("work", "short", {}), Promise("work", "long", {}))
    async with working({"work": work}):
        await begun.acquire()
        await begun.acquire()
    assert ended == ["short"]
    async with db.transaction(A) as tx:
        row = await tx.one("select key, leased_until, failures from job")
    assert (row.key, row.leased_until, row.failures) == ("long", None, 0)


async def test_a_run_that_loses_a_cancellation_does_not_keep_the_house_from_stopping(
    db: Database, jobs: Jobs, working: Working
) -> None:
    """As ``asyncio.wait_for`` of Python 3.11 may lose one (gh-86296)."""
    begun = asyncio.Event()
    losing = [True]

    async def work(_: Job) -> None:
        while True:
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if not losing.pop():
                    raise
                losing.append(False)

    await _promise(db, jobs, Promise("work", "k", {}))
    async with asyncio.timeout(10), working({"work": work}):
        await begun.wait()


async def test_a_kind_without_a_handler_is_left_for_another_worker(db: Database, jobs: Jobs, working: Working) -> None:
    done: asyncio.Queue[Job] = asyncio.Queue()
    await _promise(db, jobs, Promise("unknown", "k", {}), Promise("work", "k", {}))
    handlers: dict[str, Handler] = {"work": done.put}
    async with working(handlers):
        assert (await done.get()).kind == "work"
    async with db.transaction(A) as tx:
        row = await tx.one("select kind, attempt from job")
    assert (row.kind, row.attempt) == ("unknown", 0)


async def test_the_worker_outlives_a_lost_database_connection(
    db: Database, jobs: Jobs, working: Working, owner_dsn: str
) -> None:
    done: asyncio.Queue[Job] = asyncio.Queue()
    async with working({"work": done.put}):
        await asyncio.sleep(0.05)
        await _break_connections(owner_dsn)
        await asyncio.sleep(0.05)
        await _promise(db, jobs, Promise("work", "k", {}))
        await done.get()


async def _break_connections(owner_dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as connection:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and usename = 'gatepost_app'"
        )


async def test_kinds_with_a_lane_of_their_own_hold_nobody_up_and_are_held_up_by_nobody(
    db: Database, jobs: Jobs
) -> None:
    begun: dict[str, asyncio.Queue[str]] = {"slow": asyncio.Queue(), "apart": asyncio.Queue()}
    go, stop = asyncio.Event(), asyncio.Event()

    async def hang(job: Job) -> None:
        await begun[job.kind].put(job.key)
        await go.wait()

    await _promise(db, jobs, *(Promise("slow", str(n), {}) for n in range(6)))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(jobs.run({"slow": hang}, stop, Lane({"apart": hang}, 2)))
        assert [await begun["slow"].get() for _ in range(QUICK.concurrency)] == ["0", "1", "2", "3"]
        await _promise(db, jobs, *(Promise("apart", str(n), {}) for n in range(3)))
        assert [await begun["apart"].get() for _ in range(2)] == ["0", "1"]
        await asyncio.sleep(0.1)
        assert begun["slow"].empty()
        assert begun["apart"].empty()
        go.set()
        assert await begun["apart"].get() == "2"
        stop.set()
