"""A house's outbox, and a worker for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from gatepost.db import Database
from gatepost.jobs import Handler, Jobs, Patience
from jobs.scene import QUICK, A, Hands, Settled, Working


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def jobs(db: Database, hands: Hands) -> Jobs:
    return Jobs(db, hands, pace=QUICK, patience=Patience(first_wait_s=10, wait_max_s=40, failures_max=3))


@pytest.fixture
def settled(db: Database) -> Settled:
    async def wait() -> None:
        while True:
            async with db.transaction(A) as tx:
                if (await tx.one("select count(*) as out from job where leased_until is not null")).out == 0:
                    return
            await asyncio.sleep(0.01)

    return wait


@pytest.fixture
def working(jobs: Jobs) -> Working:
    @asynccontextmanager
    async def run(handlers: Mapping[str, Handler]) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(jobs.run(handlers, stop))
            try:
                yield
            finally:
                stop.set()

    return run
