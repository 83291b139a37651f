"""The agents' process, as the house sees it: there while some tenant has hosted agents on, and not otherwise."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import structlog

from gatepost.act import hosted
from gatepost.app.doorway import Doorway
from gatepost.app.workers import SILENT_S, START_S, Order, WorkerLostError, end, hangs, spell
from gatepost.db import Database, DatabaseUnavailableError
from gatepost.jobs.pause import pause
from gatepost.meters import Raised
from gatepost.settings import environment

POLL_S = 1.0
REST_S, REST_MAX_S = 1.0, 60.0
"""Between a death and the next start, doubling: mail goes on meanwhile, so the house does not end over it."""

_THE_DOORS_OWN = "AWS_"
"""Variables with the credentials of a bucket, whose objects are asked for at the door."""

log = structlog.get_logger()


class Hosting:
    """Keeps one process alive as long as it is wanted, and its way out open as long as it lives."""

    def __init__(self, order: Order, db: Database, doorway: Doorway, *, silent_s: float = SILENT_S) -> None:
        self._order = order
        self._silent_s = silent_s
        self._db = db
        self._doorway = doorway
        self._process: Process | None = None
        self._way = AsyncExitStack()
        self._is_wanted = False
        self._rest_s = REST_S
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """The process's id; None while there is none."""
        return self._process.pid if self._process is not None else None

    async def run(self, stop: asyncio.Event) -> None:
        """Start, watch and end the process, until ``stop``."""
        async with asyncio.TaskGroup() as hearing:
            try:
                while not stop.is_set():
                    await self._look(hearing)
                    await pause(stop, POLL_S)
            finally:
                await self._end()

    async def _look(self, hearing: asyncio.TaskGroup) -> None:
        now = asyncio.get_running_loop().time()
        with suppress(DatabaseUnavailableError):  # then what was wanted still is
            self._is_wanted = bool(await hosted.hosting_tenants(self._db))
        if self._process is not None and self._process.returncode is not None:
            log.error("agents.process_died", code=self._process.returncode, error=Raised.by(WorkerLostError()))
            self._process = None
            await self._way.aclose()
            self._put_off(now)
        if self._process is not None and not self._is_wanted:
            await self._end()
        elif self._process is None and self._is_wanted and now >= self._not_before:
            try:
                hearing.create_task(self._hear(await self._start()))
            except OSError as error:  # no process, no memory, no file is to be had now
                log.error("agents.process_not_started", error=Raised.by(error))
                await self._way.aclose()
                self._put_off(now)

    def _put_off(self, now: float) -> None:
        self._not_before, self._rest_s = now + self._rest_s, min(2 * self._rest_s, REST_MAX_S)

    async def _hear(self, process: Process) -> None:
        """Kill the process where it hangs; the next look sees that it has ended.

        Its first beat may take as long as a start may.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                if process.stdout is not None:
                    await process.stdout.readline()
        if await hangs(process, self._silent_s):
            log.error("agents.process_hangs", error=Raised.by(WorkerLostError()))

    async def _start(self) -> Process:
        door, (dsn, accepting) = await self._way.enter_async_context(self._doorway.open())
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "gatepost.app.agent_worker"),  # nor from the folder we happen to be in
            stdin=PIPE,
            stdout=PIPE,
            env={name: text for name, text in environment().items() if not name.startswith(_THE_DOORS_OWN)},
            start_new_session=True,
        )
        settings = self._order.settings
        near = replace(settings, database=replace(settings.database, accept_dsn=accepting))
        if process.stdin is not None:  # left open: its end is ours
            process.stdin.write(spell(replace(self._order, settings=near, dsn=dsn, door=str(door))))
        return process

    async def _end(self) -> None:
        if self._process is not None:
            await end(self._process)
            await self._way.aclose()
            log.info("agents.process_ended")
        self._process, self._rest_s = None, REST_S
