"""The SMTP door: it listens, lets in, and answers for every connection and task until it is closed."""

import asyncio
import ssl
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from gatepost.arrive.capacity import Capacity
from gatepost.arrive.connection import LINGER_S, Connection, Premises
from gatepost.arrive.desk import Desk, KnownRoute, Knows, Receive, Route, TellRefused, TenantOf, knows_all
from gatepost.arrive.limits import Admissions, Limits
from gatepost.arrive.spool import Spools
from gatepost.arrive.turns import Turns
from gatepost.clock import Clock, Entropy
from gatepost.mail.address import normalise_domain
from gatepost.meters import UNMETERED, Meters

BACKLOG = 1024  # connections the kernel holds for us in a burst
EVERYWHERE = ("::", "0.0.0.0")  # noqa: S104  # where the operator says so

log = structlog.get_logger()


class SmtpServer:
    """Listens, and owns every connection and every task that came of it.

    Args:
        hostname: our name in the greeting and the domain of bare ``postmaster`` mail.
        limits: what to take from a client.
        route: where an address leads; None asks for the bare ``postmaster``.
        known_route: the same from memory, at once; None where that says nothing.
        tenant_of: who answers for a domain; None: nobody here.
        knows: whether an address that leads nowhere is refused for good, by its domain.
        receive: carries a message to its disposition and says what to answer. Raising means 451.
        refused: is told, with a reason of ``refusals``, of each mail turned away before a decision.
        tls: None: STARTTLS is not offered.
        clock: when a message arrived.
        entropy: names a message.
        spool: folder for large messages while they come in and are judged.
        free: how many octets the disks still take.
        commit_s: for how long the commit under way has been; 0 while there is none.
        meters: told of each session's begin and end.

    Raises:
        AddressError: ``hostname`` is no domain, so that nobody could write to its postmaster.
    """

    def __init__(
        self,
        *,
        hostname: str,
        limits: Limits,
        route: Route,
        known_route: KnownRoute = lambda _: None,
        tenant_of: TenantOf,
        knows: Knows = knows_all,
        receive: Receive,
        refused: TellRefused,
        tls: ssl.SSLContext | None,
        clock: Clock,
        entropy: Entropy,
        spool: Path,
        free: Callable[[], int],
        commit_s: Callable[[], float],
        meters: Meters = UNMETERED,
    ) -> None:
        spools = Spools(spool, entropy)
        self._meters = meters
        name = normalise_domain(hostname)
        self._premises = Premises(
            hostname=name,
            limits=limits,
            desk=Desk(
                hostname=name,
                route=route,
                known_route=known_route,
                tenant_of=tenant_of,
                knows=knows,
                receive=receive,
                refused=refused,
                answer_s=limits.answer_s,
            ),
            tls=tls,
            clock=clock,
            entropy=entropy,
            admissions=Admissions(limits),
            spools=spools,
            turns=Turns(),
            capacity=Capacity(limits, spools, free=free, commit_s=commit_s, now=time.monotonic),
        )
        self._connections: dict[Connection, None] = {}  # oldest first
        self._making_room: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[asyncio.Server] = []
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> int:
        """Listen, and return the port: the one given, or for 0 the one the system chose.

        ``::`` stands for every address of both families, of which a socket of the loop's has one alone.

        Raises:
            OSError: the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        try:
            for each in EVERYWHERE if host == EVERYWHERE[0] else (host,):
                listener = await loop.create_server(
                    lambda: Connection(self._premises, self, loop),
                    each,
                    port,
                    backlog=BACKLOG,
                    reuse_port=reuse_port or None,
                )
                self._listeners.append(listener)
                port = int(listener.sockets[0].getsockname()[1])
        except OSError:
            self._stop_listening()
            raise
        return port

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()

    def adopt(self, limits: Limits) -> None:
        """Take these limits for every connection from now on; those inside keep theirs, and are still counted."""
        self._premises.admissions.limits = limits
        self._premises.capacity.limits = limits
        self._premises = replace(self._premises, limits=limits)

    async def close(self, grace_s: float) -> None:
        """Take nobody new, let messages under way be finished for ``grace_s`` seconds, then hang up."""
        self._stop_listening()
        if self._making_room:
            self._making_room.cancel()
        for connection in tuple(self._connections):
            connection.shut_down()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._is_idle.wait()
        for connection in tuple(self._connections):
            connection.hang_up()
        for task in self._tasks:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await self._is_idle.wait()

    def enter(self, connection: Connection) -> None:
        """Count a connection in."""
        self._connections[connection] = None
        self._meters.connected()
        self._is_idle.clear()

    def turned_away(self) -> None:
        """Where all places are taken, or all descriptors, see who in them gets nothing done.

        deviation: RFC 5321 section 4.5.3.2 gives clients minutes; meanwhile nobody else would find a place.
        """
        if self._making_room is None and (self._premises.admissions.is_full or self._premises.capacity.is_full):
            log.warning("smtp.places_taken", connections=len(self._connections))
            for connection in self._connections:
                connection.look()
            loop = asyncio.get_running_loop()
            self._making_room = loop.call_later(self._premises.limits.hurry_s, self._make_room)

    def _make_room(self) -> None:
        self._making_room = None
        idle = [connection for connection in self._connections if connection.is_idle()]
        short = max(self._premises.admissions.places_short, self._premises.capacity.places_short)
        for connection in idle[:short]:
            connection.make_room()

    def leave(self, connection: Connection) -> None:
        """Count a connection out."""
        if connection in self._connections:
            del self._connections[connection]
            self._meters.disconnected()
        self._settle()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something for a connection; the server owns it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        self._is_idle.clear()
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("smtp.task_failed", error=type(error).__name__)
        self._settle()

    def _settle(self) -> None:
        if not self._connections and not self._tasks:
            self._is_idle.set()
