"""The worker: lease, run, settle, until told to stop."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from gatepost.clock import Clock
from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import JobId
from gatepost.jobs import store
from gatepost.jobs.ending import end
from gatepost.jobs.finisher import Finisher
from gatepost.jobs.promise import Handler, Job, Lane, TryAgainError
from gatepost.jobs.retry import Patience, whereabouts
from gatepost.jobs.store import Leased
from gatepost.meters import Raised

log = structlog.get_logger()

_REASON_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a worker spends its time.

    Attributes:
        concurrency: runs at once, of kinds that have no lane of their own.
        lease_s: how long a killed worker's jobs stay out; a living one renews three times as often.
        run_max_s: a run that takes longer is cancelled and counts as failed.
        poll_s: how often to look without a hint.
        hint_s: the least time between two hints, and after a hint until the second look.
        grace_s: how long what runs may go on once we stop.
    """

    concurrency: int = 16
    lease_s: float = 30
    run_max_s: float = 1_800
    poll_s: float = 1
    hint_s: float = 0.05
    grace_s: float = 10


@dataclass(frozen=True, slots=True)
class _Done:
    """Forget the job."""


@dataclass(frozen=True, slots=True)
class _Again:
    """Run it again, not before ``due_at``."""

    due_at: datetime
    failures: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Dead:
    """Keep it, do not run it."""

    failures: int
    reason: str


class Worker:
    """Keeps promises. Lives for one ``run``."""

    def __init__(self, db: Database, clock: Clock, lanes: Sequence[Lane], pace: Pace, patience: Patience) -> None:
        self._db = db
        self._clock = clock
        self._lanes = tuple(lanes)
        self._handlers: Mapping[str, Handler] = dict(pair for lane in lanes for pair in lane.handlers.items())
        self._pace = pace
        self._patience = patience
        self._running: dict[tuple[JobId, int], tuple[Job, asyncio.Task[None]]] = {}  # by job and attempt
        self._wake = asyncio.Event()
        self._finisher = Finisher(db)

    async def run(self, stop: asyncio.Event) -> None:
        """Lease and run until ``stop``, then let what runs finish within the grace."""
        async with asyncio.TaskGroup() as group:
            attendants = [
                group.create_task(self._hear_hints()),
                group.create_task(self._keep_leases()),
                group.create_task(self._wake_on(stop)),
                group.create_task(self._finisher.run()),
            ]
            while not stop.is_set():
                await self._fill(group)
            await self._drain()
            await end(attendants)

    async def _fill(self, group: asyncio.TaskGroup) -> None:
        """Start due jobs while there are any and there is room, then rest until something may have changed."""
        self._wake.clear()
        while open_ := [lane for lane in self._lanes if self._room(lane) > 0]:
            taken = await self._lease(open_)
            if not taken:
                break
            for leased in taken:
                task = group.create_task(self._keep(leased))
                self._running[leased.job.id, leased.job.attempt] = (leased.job, task)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pace.poll_s):
                await self._wake.wait()

    def _room(self, lane: Lane) -> int:
        return lane.concurrency - sum(job.kind in lane.handlers for job, _ in self._running.values())

    async def _lease(self, lanes: Sequence[Lane]) -> tuple[Leased, ...]:
        """Take what is due in any of these, with one question; no more than each of them has room for."""
        kinds = [kind for lane in lanes for kind in lane.handlers]
        wanted = min(self._room(lane) for lane in lanes)
        now = self._clock()
        until = now + timedelta(seconds=self._pace.lease_s)
        try:
            async with self._db.transaction(None) as tx:
                return await store.lease(tx, kinds, at=now, until=until, wanted=wanted)
        except DatabaseUnavailableError:
            log.warning("jobs.database_unavailable")
            return ()

    async def _keep(self, leased: Leased) -> None:
        """Run one job to its end and write that end down."""
        job = leased.job
        try:
            ending = await self._attempt(leased)
            await self._settle(job, ending)
        except asyncio.CancelledError:
            await self._settle(job, _Again(self._clock(), leased.failures, None))  # stopped, not failed
            raise
        finally:
            del self._running[job.id, job.attempt]
            self._wake.set()

    async def _attempt(self, leased: Leased) -> _Done | _Again | _Dead:
        job = leased.job
        if leased.failures >= self._patience.failures_max:
            return _Dead(leased.failures, "its worker died each time")
        try:
            async with asyncio.timeout(self._pace.run_max_s):
                await self._handlers[job.kind](job)
        except TryAgainError as again:
            return _Again(again.at, 0, _plain(again.reason))
        except Exception as error:  # noqa: BLE001  # a handler's bug must not stop the other jobs
            failures = leased.failures + 1
            reason = whereabouts(error)
            log.warning("job.failed", job=job.id, kind=job.kind, attempt=job.attempt, error=Raised.by(error, reason))
            again_at = self._patience.next_at(failures, now=self._clock())
            return _Dead(failures, reason) if again_at is None else _Again(again_at, failures, reason)
        return _Done()

    async def _settle(self, job: Job, ending: _Done | _Again | _Dead) -> None:
        try:
            was_ours = await self._write(job, ending)
        except DatabaseUnavailableError:
            log.warning("job.unsettled", job=job.id, kind=job.kind)  # the lease runs out: it runs again
            return
        if not was_ours:
            log.warning("job.lease_lost", job=job.id, kind=job.kind, attempt=job.attempt)

    async def _write(self, job: Job, ending: _Done | _Again | _Dead) -> bool:
        match ending:
            case _Done():
                return await self._finisher.finish(job)
            case _Again(due_at=due_at, failures=failures, reason=reason):
                async with self._db.transaction(job.tenant) as tx:
                    return await store.put_back(tx, job, due_at=due_at, failures=failures, reason=reason)
            case _Dead(failures=failures, reason=reason):
                log.error("job.dead", job=job.id, kind=job.kind, attempt=job.attempt)
                async with self._db.transaction(job.tenant) as tx:
                    return await store.bury(tx, job, at=self._clock(), failures=failures, reason=reason)
            case _:
                assert_never(ending)

    async def _keep_leases(self) -> None:
        """Renew what runs, three times a lease, so that one lost renewal costs nothing."""
        while True:
            await asyncio.sleep(self._pace.lease_s / 3)
            if not self._running:
                continue
            until = self._clock() + timedelta(seconds=self._pace.lease_s)
            try:
                async with self._db.transaction(None) as tx:
                    await store.renew(tx, [job for job, _ in self._running.values()], until=until)
            except DatabaseUnavailableError:
                log.warning("jobs.leases_not_renewed")

    async def _hear_hints(self) -> None:
        """Wake at once when work was promised, and once more shortly after: see ``Jobs.enqueue``."""
        while True:
            try:
                async with self._db.listen(store.CHANNEL) as connection:
                    async for _ in connection.notifies():
                        self._wake.set()
                        await asyncio.sleep(self._pace.hint_s)
                        self._wake.set()
            except DatabaseUnavailableError:
                log.warning("jobs.hints_lost")  # polling goes on
            await asyncio.sleep(self._pace.poll_s)

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _drain(self) -> None:
        tasks = [task for _, task in self._running.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._pace.grace_s)
        await end(late)


def _plain(reason: str) -> str:
    return "".join(char for char in reason[:_REASON_MAX] if char.isprintable())
