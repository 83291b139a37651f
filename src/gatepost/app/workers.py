"""Several processes that receive mail on one port: started, watched, begun anew where one dies, ended in order."""

import asyncio
import pickle
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from gatepost.app.board import Board
from gatepost.app.errors import CLOSE_GRACE_S, HouseEndedError, cannot_listen
from gatepost.meters import Raised
from gatepost.settings import Settings

START_S = 60
STARTS_MAX = 5
"""How often a worker that never served is started: something is wrong that its operator must hear of now."""
REST_S, REST_MAX_S = 0.5, 60.0
"""Between a death and the next start, so that a worker that cannot live does not take the machine with it."""
STEADY_S = 60.0
"""One that served so long is well; its next death is its first."""

READY = b"ready\n"
"""What a worker says once its port is open."""

BEAT = b"beat\n"
BEAT_S = 1.0
"""What it says from then on, and how often: that its loop turns."""

SILENT_S = 15.0
"""How long a worker may say nothing, twice in a row: once may be the whole machine's sleep, from which all wake late.

The system goes on giving a hanging process its share of the port's connections, which then hear nothing.
"""

log = structlog.get_logger()


class WorkerLostError(Exception):
    """A process of ours hung, or ended unasked. Raised nowhere: it is counted as what nobody expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a worker is told: the house's settings, its database, the port, and which worker it is.

    ``door``: the way out of a process that has none of its own (``app.doorway``); empty for one that connects itself.
    """

    settings: Settings
    dsn: str
    allow_loopback: bool
    port: int
    number: int = 0
    door: str = ""

    @property
    def board(self) -> Path:
        """Where this worker counts."""
        return self.settings.state / "boards" / f"smtp-{self.number}.board"


def spell(order: Order) -> bytes:
    """Return an order as it is written to a worker: its length, four octets, and itself."""
    octets = pickle.dumps(order)
    return len(octets).to_bytes(4, "big") + octets


class Pace:
    """When to begin one worker anew: at once after a rare death, each time later where it keeps dying.

    One that has served once is never given up: what kills it (no memory, no disk) passes, and a house that ended would
    take the other workers and REST with it.
    """

    def __init__(self) -> None:
        self._has_served = False
        self._deaths = 0

    def after(self, served_s: float | None) -> float:
        """Return how many seconds to wait after a life that served so long; None: it never came to that.

        Raises:
            HouseEndedError: it died too often without ever having served.
        """
        self._has_served |= served_s is not None
        self._deaths = 1 if served_s is not None and served_s >= STEADY_S else self._deaths + 1
        if not self._has_served and self._deaths >= STARTS_MAX:
            raise HouseEndedError(f"an SMTP worker was started {self._deaths} times and never served: read the log")
        return min(REST_S * 2.0 ** min(self._deaths - 1, 10), REST_MAX_S)


class Workers:
    """The SMTP processes of one house."""

    def __init__(self, order: Order, *, silent_s: float = SILENT_S) -> None:
        self._order = order
        self._silent_s = silent_s
        self._living: set[Process] = set()
        self._serving: set[int] = set()

    @property
    def is_serving(self) -> bool:
        """At least one of them takes mail."""
        return bool(self._serving)

    def tell(self, settings: Settings) -> None:
        """Let every worker obey these settings from now on, those still to be started too."""
        self._order = replace(self._order, settings=settings)
        for process in self._living:
            if process.stdin is not None:
                process.stdin.write(spell(self._order))

    async def keep(self, number: int, is_up: asyncio.Event) -> None:
        """Keep one worker alive until cancelled, then end it, letting it finish what is under way.

        Raises:
            HouseEndedError: it died too often without ever having served.
        """
        loop, pace = asyncio.get_running_loop(), Pace()
        while True:
            try:
                process, served_s = await self._start(number), None
            except OSError as error:  # no process, no memory, no file is to be had now
                log.error("smtp.worker_not_started", number=number, error=Raised.by(error))
                await asyncio.sleep(pace.after(None))
                continue
            self._living.add(process)
            try:
                if await self._is_ready(process):
                    began = loop.time()
                    self._serving.add(number)
                    is_up.set()
                    if await hangs(process, self._silent_s):
                        log.error("smtp.worker_hangs", number=number, error=Raised.by(WorkerLostError()))
                    served_s = loop.time() - began
                code = await process.wait()
            except asyncio.CancelledError:
                await end(process)
                raise
            finally:
                self._living.discard(process)
                self._serving.discard(number)
            log.error("smtp.worker_died", number=number, code=code, error=Raised.by(WorkerLostError()))
            with suppress(OSError):  # it had none yet; a commit it was in is over, as the database knows
                Board.leave(replace(self._order, number=number).board)
            await asyncio.sleep(pace.after(served_s))

    async def _start(self, number: int) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gatepost.app.worker"),
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,  # Ctrl-C reaches us, not it: we end it in order
        )
        if process.stdin is not None:
            process.stdin.write(spell(replace(self._order, number=number)))  # and left open: its end is ours
        return process

    async def _is_ready(self, process: Process) -> bool:
        """Wait for a worker's port to open; one that takes too long is ended."""
        said = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                said = await process.stdout.readline() if process.stdout else b""
        if said != READY:
            with suppress(ProcessLookupError):
                process.kill()
        return said == READY


async def hangs(process: Process, silent_s: float = SILENT_S) -> bool:
    """Hear a process's beats; return False once it has ended, True once it was killed because it said nothing."""
    silences = 0
    while process.stdout is not None and silences < 2:  # noqa: PLR2004  # see SILENT_S
        try:
            async with asyncio.timeout(silent_s):
                if not await process.stdout.readline():
                    return False
            silences = 0
        except TimeoutError:
            silences += 1
    with suppress(ProcessLookupError):
        process.kill()
    return True


async def end(process: Process) -> None:
    """End a process in order; kill it where that takes too long."""
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(2 * CLOSE_GRACE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def working(settings: Settings, dsn: str, *, allow_loopback: bool = False) -> AsyncIterator[tuple[int, Workers]]:
    """Run the workers while the context lasts; yield their port, and them, once all of them have opened it.

    Raises:
        HouseEndedError: the address cannot be had, or a worker cannot be brought to serve.
    """
    with _hold(settings.smtp.host, settings.smtp.port) as held:
        port = int(held.getsockname()[1])
        workers = Workers(Order(settings=settings, dsn=dsn, allow_loopback=allow_loopback, port=port))
        ups = [asyncio.Event() for _ in range(settings.smtp.workers)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(workers.keep(number, is_up)) for number, is_up in enumerate(ups)]
            try:
                for is_up in ups:
                    await is_up.wait()
                yield port, workers
            finally:
                for task in tasks:
                    task.cancel()


def _hold(host: str, port: int) -> socket.socket:
    """Return a socket that has the address and does not listen: the port stays ours while workers come and go."""
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if host == "::":  # of both families, as the workers listen
            held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        held.bind((host, port))
    except OSError as error:
        held.close()
        raise cannot_listen("smtp", host, port, error) from error
    return held
