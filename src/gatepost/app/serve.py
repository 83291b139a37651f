"""A house that is up: its listeners, its chores, and what happens when a child of it dies."""

import asyncio
import gc
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog
import uvicorn
from typing_extensions import override

from gatepost import access, act, deliver, domains, mailbox, record
from gatepost.app.build import open_house, sequencer
from gatepost.app.errors import HouseEndedError
from gatepost.app.process import give_back_large_blocks, open_files_max
from gatepost.app.state import Running, announced
from gatepost.arrive.capacity import free_octets
from gatepost.arrive.limits import Limits
from gatepost.arrive.paper import Arrived
from gatepost.arrive.reply import Reply
from gatepost.arrive.server import SmtpServer
from gatepost.arrive.tls import self_signed, server_context
from gatepost.db import Database
from gatepost.db.launcher import Cluster, LauncherError, home_for
from gatepost.doors import rest
from gatepost.doors.smtp import reply_for
from gatepost.ids import TenantId
from gatepost.jobs import Handler
from gatepost.journey import House, receive
from gatepost.settings import Settings

log = structlog.get_logger()

RESTARTS_MAX = 5
RESTARTS_WINDOW_S = 600
CLOSE_GRACE_S = 10
START_PAUSE_S, START_PAUSE_MAX_S = 1.0, 30.0


class _HttpServer(uvicorn.Server):
    """uvicorn without its own signal handlers: one place decides when the house stops."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class _Doors:
    smtp: SmtpServer
    smtp_port: int
    http: _HttpServer
    http_socket: socket.socket


async def serve(
    settings: Settings, dsn: str, *, cluster: Cluster | None, ready: Callable[[House, Running], Awaitable[None]]
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way and stop.

    Args:
        settings: the house's.
        dsn: the serving role's connection string.
        cluster: the embedded PostgreSQL, to be watched and mended; None where somebody else runs it.
        ready: told once, when both doors are open.

    Raises:
        HouseEndedError: a child died too often to be mended.
    """
    give_back_large_blocks()
    open_files_max()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_house(settings, dsn) as house, _open_doors(settings, house) as doors:
        running = _describe(settings, doors, dsn)
        with announced(settings.state, running):
            await ready(house, running)
            _spare_the_collector()
            async with asyncio.TaskGroup() as chores:
                chores.create_task(sequencer(settings, house).run(stop))
                chores.create_task(house.jobs.run(_handlers(house), stop))
                chores.create_task(record.settle_refusals_hourly(house.db, house.clock, house.entropy, stop))
                chores.create_task(
                    mailbox.sweep_bodies_daily(house.blobs, partial(record.keeping, house.db), house.clock, stop)
                )
                if cluster is not None:
                    chores.create_task(_mend(cluster, house.db, stop))
                await stop.wait()


def _spare_the_collector() -> None:
    """Let the garbage collector look at what messages leave behind, and not each time at the house itself.

    What stands now (modules, types, settings) stays. A message makes thousands of objects and few cycles: looking for
    them after every 700 objects, as is the default, costs a tenth of the work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _describe(settings: Settings, doors: _Doors, dsn: str) -> Running:
    port = doors.http_socket.getsockname()[1]
    url = settings.http.public_url or f"http://{settings.http.host}:{port}"
    return Running(
        pid=os.getpid(),
        base_url=f"{url}/api",
        smtp_host=settings.smtp.host,
        smtp_port=doors.smtp_port,
        dsn=dsn,
    )


def _handlers(house: House) -> dict[str, Handler]:
    return {**deliver.handlers(house), **act.handlers(house)}


@asynccontextmanager
async def _open_doors(settings: Settings, house: House) -> AsyncIterator[_Doors]:
    smtp = smtp_door(settings, house)
    try:
        smtp_port = await smtp.start(settings.smtp.host, settings.smtp.port)
    except OSError as error:
        raise _cannot_listen("SMTP", settings.smtp.host, settings.smtp.port, error) from error
    try:
        with _listen(settings.http.host, settings.http.port) as http_socket:
            http = _http(house)
            async with asyncio.TaskGroup() as group:
                group.create_task(http.serve([http_socket]))
                try:
                    yield _Doors(smtp, smtp_port, http, http_socket)
                finally:
                    http.should_exit = True
    finally:
        await smtp.close(CLOSE_GRACE_S)


def _http(house: House) -> _HttpServer:
    return _HttpServer(
        uvicorn.Config(
            rest.build(house),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=1000,
            timeout_graceful_shutdown=CLOSE_GRACE_S,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except OSError as error:
        raise _cannot_listen("HTTP", host, port, error) from error


def _cannot_listen(door: str, host: str, port: int, error: OSError) -> HouseEndedError:
    number = error.errno or 0
    why = os.strerror(number) if number > 0 else "no such address"  # a name that leads nowhere has a number below 0
    return HouseEndedError(f"cannot listen on {host}:{port} for {door}: {why}; set GATEPOST_{door}__PORT or __HOST")


def smtp_door(settings: Settings, house: House) -> SmtpServer:
    """Return the SMTP server of this house, not yet listening.

    Raises:
        HouseEndedError: its certificate cannot be used.
    """
    operator = _Operator(house)

    async def tenant_of(domain: str) -> TenantId | None:
        return await domains.tenant_of(house.db, domain)

    async def carry(arrived: Arrived) -> Reply:
        return reply_for(await receive(arrived, house))

    async def refused(tenant: TenantId | None, reason: str) -> None:
        await record.count_refusal(house.db, tenant or await operator.tenant(), reason, house.clock())

    return SmtpServer(
        hostname=house.hostname,
        limits=Limits(
            size_max_octets=settings.smtp.size_max_octets,
            recipients_max=settings.smtp.recipients_max,
            idle_s=settings.smtp.idle_timeout_s,
            disk_free_min_octets=settings.smtp.disk_free_min_octets,
            in_flight_max=settings.smtp.in_flight_max,
            connections_max=settings.smtp.connections_max,
            connections_per_address_max=settings.smtp.connections_per_address_max,
        ),
        route=domains.Directory(house.db).route,
        tenant_of=tenant_of,
        receive=carry,
        refused=refused,
        tls=_tls(settings, house),
        clock=house.clock,
        entropy=house.entropy,
        spool=settings.state / "spool",
        free=partial(free_octets, disks(settings)),
        commit_s=lambda: house.commits.lasts_s,
    )


def disks(settings: Settings) -> tuple[Path, ...]:
    """Return the folders whose disks must have room for mail: ours, bodies', and our own PostgreSQL's."""
    bodies = [Path(unquote(urlsplit(settings.blobs.url).path))] if settings.blobs.url.startswith("file:") else []
    database = [] if settings.database.dsn else [home_for(settings.state)]
    return (settings.state, *bodies, *database)


class _Operator:
    """The tenant whose record counts what was refused on nobody's behalf, such as attempts to relay: the first.

    Remembered once there is one, for a flood of such attempts must not read the list of tenants each time.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._tenant: TenantId | None = None

    async def tenant(self) -> TenantId | None:
        """Return it; None while the house has no tenant."""
        if self._tenant is None:
            tenants = await access.list_tenants(self._house.db)
            self._tenant = tenants[0].id if tenants else None
        return self._tenant


def _tls(settings: Settings, house: House) -> ssl.SSLContext:
    smtp = settings.smtp
    if bool(smtp.certificate) != bool(smtp.certificate_key):
        raise HouseEndedError("set both smtp.certificate and smtp.certificate_key, or neither")
    if not smtp.certificate:
        return server_context(*self_signed(settings.state / "keys", house.hostname, house.clock))
    try:
        return server_context(Path(smtp.certificate), Path(smtp.certificate_key))
    except (OSError, ssl.SSLError) as error:
        raise HouseEndedError(f"smtp.certificate and its key cannot be used: {error}") from error


async def _mend(cluster: Cluster, db: Database, stop: asyncio.Event) -> None:
    """Start PostgreSQL again when it dies; give up when it keeps dying."""
    loop = asyncio.get_running_loop()
    deaths: list[float] = []
    stopped = asyncio.ensure_future(stop.wait())
    while not stop.is_set():
        ended = asyncio.ensure_future(cluster.ended())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            ended.cancel()
            return
        deaths = [at for at in deaths if at > loop.time() - RESTARTS_WINDOW_S] + [loop.time()]
        log.error("postgres.died", code=ended.result(), deaths=len(deaths))
        if len(deaths) > RESTARTS_MAX:
            raise HouseEndedError(f"PostgreSQL died {len(deaths)} times in ten minutes: read {cluster.log_path}")
        if await _start_again(cluster, stop):
            await db.refresh()
            log.warning("postgres.mended")


async def _start_again(cluster: Cluster, stop: asyncio.Event) -> bool:
    """Start PostgreSQL, again and again where its disk is full or fails; return whether it is up.

    Meanwhile the house answers 451 and 452, and its clients come back: more than it could do for them by ending.
    """
    pause_s = START_PAUSE_S
    while not stop.is_set():
        try:
            await asyncio.to_thread(cluster.start)
        except (LauncherError, OSError):
            log.error("postgres.not_started", log=str(cluster.log_path), next_try_s=pause_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)
            pause_s = min(2 * pause_s, START_PAUSE_MAX_S)
        else:
            return True
    return False
