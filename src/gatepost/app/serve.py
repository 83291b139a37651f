"""A house that is up: its listeners, its chores, and what happens when a child of it dies."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from gatepost import act, deliver, journey, mailbox, record, workbench
from gatepost.app import process
from gatepost.app.board import Board
from gatepost.app.build import clock, entropy, guards_no_fork, open_house, sequencer, ways_of
from gatepost.app.chores import Staff, chores_of, replay_before_doors
from gatepost.app.doorway import doorway
from gatepost.app.errors import STOP_ANSWER_S, HouseEndedError
from gatepost.app.given import is_given
from gatepost.app.hosting import Hosting
from gatepost.app.keeping import open_keeper
from gatepost.app.lifetime import note_start, note_stop
from gatepost.app.listeners import Doors, open_doors
from gatepost.app.mending import keep_reachable, mend
from gatepost.app.noting import noting
from gatepost.app.open import refuse_lag
from gatepost.app.past import Past
from gatepost.app.reload import Reloader
from gatepost.app.smtp import Operator
from gatepost.app.state import Running, announced
from gatepost.app.systemd import Supervisor
from gatepost.app.workers import Order
from gatepost.db import Database
from gatepost.db.launcher import Cluster
from gatepost.db.lease import HeldError, Holder, Lease
from gatepost.db.outside import through, without_passwords
from gatepost.egress import Egress
from gatepost.egress.addresses import is_this_machine
from gatepost.jobs import Handler, Job, Lane, TryAgainError
from gatepost.jobs.pressure import Pressure
from gatepost.journey import House
from gatepost.meters import Meters
from gatepost.settings import Settings
from gatepost.upkeep.siem import Exporter

log = structlog.get_logger()

STOP_WITHIN_S = 25.0
"""What is still at work so long after it was told to stop is called off; whoever stopped us waits for a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How the house and whoever runs it talk.

    Attributes:
        ready: told once, when the doors are open and the house has announced itself.
        reread: returns the settings as they are written now, for a reload.
        supervisor: whoever started the process.
        prepare: makes what a house for trying out needs, before anybody is told that it is up.
    """

    ready: Callable[[House, Running], Awaitable[None]]
    reread: Callable[[], Settings]
    supervisor: Supervisor
    prepare: Callable[[House], Awaitable[object]] | None = None


class Chores:
    """What a house does beside its doors, until it is told to stop.

    Args:
        group: where they run.
    """

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: list[asyncio.Task[object]] = []

    def start(self, chore: Coroutine[object, object, object]) -> None:
        """Begin one."""
        self._tasks.append(self._group.create_task(chore, name=getattr(chore, "__qualname__", None)))

    async def end(self, within_s: float) -> None:
        """Wait for all of them, who have been told; call off who does not end, so that the house does."""
        _, late = await asyncio.wait(self._tasks, timeout=within_s)
        for task in late:
            log.error("house.chore_called_off", chore=task.get_name(), after_s=within_s)
            task.cancel()


async def serve(
    settings: Settings, dsn: str, *, cluster: Cluster | None, calls: Calls, allow_loopback: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way and stop. SIGHUP reloads.

    Args:
        settings: the house's.
        dsn: the serving role's connection string.
        cluster: the embedded PostgreSQL, to be watched and mended; None where somebody else runs it.
        calls: to and from whoever runs the house.
        allow_loopback: a house for trying out, whose webhooks and mail may reach this machine.

    Raises:
        HouseEndedError: a door cannot open, or another house serves on the database.
    """
    process.prepare()
    asked, reload, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    loop.add_signal_handler(signal.SIGHUP, _hung_up(reload, asked))
    ways = ways_of(settings, dsn, allow_loopback=allow_loopback)
    async with (
        ways.resolver,
        _alone(settings, ways.egress, dsn) as lease,  # whoever is refused has touched nothing
        _begun(settings) as (boards, meters, past),
        open_house(settings, dsn, allow_loopback=allow_loopback, meters=meters, past=past, ways=ways) as house,
        noting(house),
        _unforked(settings, house),
        _unerased(settings, house, dsn, past) as staff,
        doorway(settings, house, dsn, allow_loopback=allow_loopback) as for_agents,
        open_doors(settings, house, staff, boards, dsn, cluster, allow_loopback=allow_loopback) as doors,
    ):
        running = _describe(settings, doors, dsn)
        hosting = Order(settings=settings, dsn=dsn, allow_loopback=allow_loopback, port=0)
        reloader = Reloader(settings, calls.reread, doors.changeable, house, calls.supervisor)
        if calls.prepare is not None:
            await calls.prepare(house)
        if not (allow_loopback and is_this_machine(settings.smtp.host)):  # else nobody's mail yet
            await _warn(settings, house)
        await note_start(settings, house)  # before anybody hears of us: a database lost from here on is mended
        house.db.keys.reserve()
        process.settle_in()
        with announced(settings.state, replace(running, dsn=without_passwords(dsn))):  # the copy that lies in a file
            await calls.ready(house, running)
            async with asyncio.TaskGroup() as group:
                chores = Chores(group)
                writing = sequencer(settings, house)
                chores.start(writing.run(stop))
                chores.start(writing.window.run(stop))
                chores.start(house.jobs.run(_handlers(house), stop, _outgoing(settings, house)))
                chores.start(staff.chores.run(stop))
                chores.start(act.Herald(house).run(stop))
                chores.start(Exporter(house).run(stop))
                chores.start(Hosting(hosting, house.db, for_agents).run(stop))
                _index(house, chores, stop)
                chores.start(reloader.run(reload, stop))
                _attend(lease, calls.supervisor, meters, chores, stop)
                for way in (house.egress, for_agents.egress):
                    chores.start(
                        record.keep_connections(house.db, way, Operator(house).tenant, house.clock, house.entropy, stop)
                    )
                if settings.trust.operator:
                    from gatepost.app import trusting  # noqa: PLC0415  # see _handlers

                    chores.start(
                        trusting.look(settings, house, running, staff.keeper, stop, is_tried_out=allow_loopback)
                    )
                if cluster is not None:
                    chores.start(mend(cluster, house, stop))
                    chores.start(keep_reachable(cluster, stop))
                calls.supervisor.ready()
                await asked.wait()
                calls.supervisor.stopping()
                doors.readiness.stop()
                house.streams.close()
                await asyncio.sleep(settings.stop_delay_s)  # the doors are open: who balances load turns away first
                _stop(stop, house, staff)
                await chores.end(STOP_WITHIN_S)
            await note_stop(house)


async def _warn(settings: Settings, house: House) -> None:
    """Say what is missing in a house to which the world can write."""
    if guards_no_fork(settings):
        log.warning("log.unguarded", second="inside the state folder", witnesses=0, see="docs/durability.md")
    if not await is_given(house.db):
        log.warning("house.empty", state=str(settings.state.resolve()), see="docs/running.md#an-empty-house")


def _index(house: House, chores: Chores, stop: asyncio.Event) -> None:
    """Start both indexers; neither takes the other for work that it should make way for."""
    pressure = Pressure()
    chores.start(mailbox.Indexer(house.db, pressure).run(stop))
    chores.start(record.Indexer(house.db, pressure).run(stop))


def _attend(lease: Lease, supervisor: Supervisor, board: Board, chores: Chores, stop: asyncio.Event) -> None:
    """Start what the process itself needs."""
    chores.start(process.keep_tidy(stop))
    chores.start(process.watch_files(board, stop))
    chores.start(_hold(lease, stop))
    chores.start(supervisor.keep_petting(stop))


def _stop(stop: asyncio.Event, house: House, staff: Staff) -> None:
    """Tell the chores to end, and let none of them wait for a database that hangs."""
    stop.set()
    house.hurry(STOP_ANSWER_S)
    staff.keeper.own.hurry(STOP_ANSWER_S)


@asynccontextmanager
async def _alone(settings: Settings, egress: Egress, dsn: str) -> AsyncIterator[Lease]:
    """Serve on a database on which no other house does; yield the lease that says so.

    Raises:
        HouseEndedError: another one does.
        DatabaseUnavailableError: the database lets nobody in.
    """
    source = through(egress, dsn)
    async with Database.open(source, size=1) as db:
        await db.reach()  # waits for one that starts beside us, and says what is wrong with any other
    began = clock().strftime("%Y-%m-%d %H:%M:%SZ")
    folder, token = str(settings.state.resolve()), entropy(8).hex()
    holder = Holder(host=socket.gethostname(), folder=folder, since=began, token=token)
    lease = Lease(source, holder)
    try:
        try:
            await lease.begin()
        except HeldError as error:
            raise HouseEndedError(str(error)) from error
        yield lease
    finally:
        await lease.end()


async def _hold(lease: Lease, stop: asyncio.Event) -> None:
    try:
        await lease.keep(stop)
    except HeldError as error:
        raise HouseEndedError(str(error)) from error


@asynccontextmanager
async def _unforked(settings: Settings, house: House) -> AsyncIterator[None]:
    """Take no mail with a database that lags behind its own log."""
    await refuse_lag(settings, house)
    yield


@asynccontextmanager
async def _unerased(settings: Settings, house: House, dsn: str, past: Past) -> AsyncIterator[Staff]:
    """Show nobody what was erased, though a restore has brought it back; yield who keeps it so."""
    async with open_keeper(settings, house, dsn) as keeper:
        await replay_before_doors(keeper)
        yield Staff(keeper, chores_of(house, keeper, past))


def _hung_up(reload: asyncio.Event, stop: asyncio.Event) -> Callable[[], None]:
    """Return what SIGHUP means: reload; but stop where it says that the terminal we were started from is gone."""
    had_terminal = os.isatty(2)

    def act() -> None:
        (stop if had_terminal and not os.isatty(2) else reload).set()

    return act


@asynccontextmanager
async def _begun(settings: Settings) -> AsyncIterator[tuple[Path, Board, Past]]:
    """Yield the folder of the processes' counters, the house's own counter there, and which time has surely passed.

    All others' counters are gone: each life of a house begins at nought.
    """
    boards = settings.state / "boards"
    boards.mkdir(mode=0o700, exist_ok=True)
    for left in boards.glob("*.board"):
        left.unlink()
    yield boards, Board.shared(boards / "house.board"), Past(settings.state, clock)


def _describe(settings: Settings, doors: Doors, dsn: str) -> Running:
    scheme = "https" if "http" in doors.changeable.certificates else "http"
    host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
    return Running(
        pid=os.getpid(),
        base_url=f"{settings.http.public_url or f'{scheme}://{host}:{doors.http_port}'}/api",
        smtp_host=settings.smtp.host,
        smtp_port=doors.smtp_port,
        dsn=dsn,
        http_port=doors.http_port,
        metrics_port=doors.metrics_port,
        operator=str(Path(settings.trust.operator).resolve()) if settings.trust.operator else "",
    )


def _handlers(house: House) -> dict[str, Handler]:
    return _all_measured({**journey.handlers(house), **workbench.handlers(house)}, house.meters)


def _outgoing(settings: Settings, house: House) -> Lane:
    """Return what leaves the house, with places of its own: strangers' servers decide how long each takes."""
    handlers = journey.outgoing(house)
    if settings.trust.operator:
        # A third of what there is to import is for houses that claim something.
        from gatepost.app import trusting  # noqa: PLC0415  # as above

        handlers |= trusting.handlers(settings, house)
    return Lane(_all_measured(handlers, house.meters), deliver.CONVERSATIONS)


def _all_measured(handlers: Mapping[str, Handler], meters: Meters) -> dict[str, Handler]:
    return {kind: _measured(kind, handler, meters) for kind, handler in handlers.items()}


def _measured(kind: str, handler: Handler, meters: Meters) -> Handler:
    async def run(job: Job) -> None:
        began, end = time.monotonic(), "failed"
        try:
            await handler(job)
            end = "done"
        except TryAgainError:
            end = "again"
            raise
        finally:
            meters.ran(kind, end, time.monotonic() - began)

    return run
