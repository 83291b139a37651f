"""Forget finished jobs, many in one commit: a commit costs more than most handlers do."""

import asyncio
from collections import defaultdict

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import JobId, TenantId
from gatepost.jobs import store
from gatepost.jobs.promise import Job


class Finisher:
    """Whoever finishes while a commit is under way shares the next one."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[tuple[Job, asyncio.Future[bool]]] = []
        self._some = asyncio.Event()

    async def finish(self, job: Job) -> bool:
        """Return once the job is forgotten; False where its lease was lost.

        Raises:
            DatabaseUnavailableError: it may be forgotten or not; if not, its lease runs out and it runs again.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, done))
        self._some.set()
        return await done

    async def run(self) -> None:
        """Commit what waits, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            by_tenant: dict[TenantId, list[tuple[Job, asyncio.Future[bool]]]] = defaultdict(list)
            for job, done in self._waiting:
                by_tenant[job.tenant].append((job, done))
            self._waiting.clear()
            for tenant, some in by_tenant.items():
                await self._commit(tenant, some)

    async def _commit(self, tenant: TenantId, some: list[tuple[Job, asyncio.Future[bool]]]) -> None:
        forgotten: frozenset[JobId] = frozenset()
        failure: DatabaseUnavailableError | None = None
        try:
            async with self._db.transaction(tenant) as tx:
                forgotten = await store.finish(tx, [job for job, _ in some])
        except DatabaseUnavailableError as error:
            failure = error
        for job, done in some:
            if done.cancelled():
                continue
            if failure is not None:
                done.set_exception(failure)
            else:
                done.set_result(job.id in forgotten)
