"""A worker is killed in the middle of a job, as a machine is."""

import asyncio
import sys
from datetime import UTC, datetime

from gatepost.db import Database
from gatepost.jobs import Job, Jobs, Pace, Promise
from jobs.scene import A

PACE = Pace(lease_s=1, poll_s=0.05)

WORKER = """
import asyncio, sys
from datetime import UTC, datetime
from gatepost.db import Database
from gatepost.jobs import Jobs, Pace

async def hang(job):
    print("begun", flush=True)
    await asyncio.Event().wait()

async def main():
    async with Database.open(sys.argv[1]) as db:
        jobs = Jobs(db, lambda: datetime.now(UTC), pace=Pace(lease_s=1, poll_s=0.05))
        await jobs.run({"work": hang}, asyncio.Event())

asyncio.run(main())
"""


async def test_a_job_outlives_the_worker_that_was_killed_over_it(db: Database, app_dsn: str) -> None:
    jobs = Jobs(db, lambda: datetime.now(UTC), pace=PACE)  # noqa: TID251  # two processes share the real clock
    async with db.transaction(A) as tx:
        promised = await jobs.enqueue(tx, Promise("work", "k", {}))
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, app_dsn, stdout=asyncio.subprocess.PIPE)
    assert killed.stdout is not None
    assert await killed.stdout.readline() == b"begun\n"
    killed.kill()
    await killed.wait()

    done: asyncio.Queue[Job] = asyncio.Queue()
    stop = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(jobs.run({"work": done.put}, stop))
        job = await done.get()
        stop.set()
    assert (job.id, job.attempt) == (promised, 2)
