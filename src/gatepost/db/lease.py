"""One house at a time serves on a database: a lease, which ends with the connection that holds it.

It is a session-level advisory lock (PostgreSQL 13.3.5) on a connection of its own, so a house that is killed, or whose
machine goes away, holds nothing. Who holds it stands in ``pg_stat_activity``, behind the statement that took it.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import psycopg
import structlog

from gatepost.db.outages import outages
from gatepost.db.outside import SILENCE, Dsn, DsnError
from gatepost.db.transaction import DatabaseUnavailableError
from gatepost.egress import EgressRefusedError, UnreachableError

AGAIN_S = 0.5
ANSWER_S = 10.0
"""How long one attempt may take; a server that hangs never says so."""
PATIENCE_S = 2.0
"""How long a start waits for a house that may be on its way out."""
OWN_PATIENCE_S = 30.0
"""The same for one of this very folder, which nobody else can hold: PostgreSQL has not missed it yet (``SILENCE``)."""
SHOWN_MAX = 255
"""Characters of a name that are shown: all has to fit into what PostgreSQL remembers of a statement, 1,024 octets."""

# Whatever an operator bounds for sessions at rest, this one is at rest by design.
_OPTIONS = "-c idle_session_timeout=0" + "".join(
    f" -c tcp_{name.removeprefix('tcp_')}={bound}" for name, bound in SILENCE.items()
)
_TAKE = "select pg_try_advisory_lock(1734440037, 1) as is_ours -- "  # the octets of "gate"
_HOLDER = b"""
    select pid, coalesce(query, ''), backend_start from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and (classid, objid, objsubid) = (1734440037, 1, 2)
      and pg_locks.database = (select oid from pg_database where datname = current_database())
"""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A house that holds the lease, or wants to.

    ``since``: when it began, as text; ``backend``: PostgreSQL's process, 0 while there is none.
    """

    host: str
    folder: str
    since: str
    backend: int = 0

    @classmethod
    def read(cls, query: str, since: datetime, backend: int) -> Self:
        """Return who took a lease by that statement, in a session since then; what it does not say is unknown."""
        said: Mapping[str, Any] = {}
        with suppress(ValueError):
            said = json.loads(query.partition("-- ")[2])
        host, folder = (str(said.get(name, "unknown")) for name in ("host", "folder"))
        return cls(host=host, folder=folder, since=str(said.get("since", since)), backend=backend)

    def spelled(self) -> bytes:
        """Return the statement by which it takes the lease."""
        shown = {"host": self.host[-SHOWN_MAX:], "folder": self.folder[-SHOWN_MAX:], "since": self.since}
        return (_TAKE + json.dumps(shown, ensure_ascii=False)).encode(errors="replace")


class HeldError(Exception):
    """Another house serves on this database; the text says which, and what to do."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(
            f"another house serves on this database: on {holder.host}, state folder {holder.folder}, since"
            f" {holder.since}. Two would each keep a log of their own: stop that one, or give this one a database of"
            " its own (database.dsn)"
        )
        self.holder = holder


class Lease:
    """The lease of one house, from ``begin`` to ``end``.

    Args:
        dsn: how to connect, as the serving role.
        holder: this house.
    """

    def __init__(self, dsn: Dsn, holder: Holder) -> None:
        self._dsn = dsn
        self._holder = holder
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._backend = 0

    async def begin(self) -> None:
        """Take the lease; whoever holds it has a moment to end.

        Raises:
            HeldError: another house goes on.
            DatabaseUnavailableError: the database lets nobody in.
        """
        waited_s = 0.0
        while True:
            try:
                await self._take()
            except HeldError as error:
                is_own = (error.holder.host, error.holder.folder) == (self._holder.host, self._holder.folder)
                if waited_s >= (OWN_PATIENCE_S if is_own else PATIENCE_S):
                    raise
            else:
                return
            await asyncio.sleep(AGAIN_S)
            waited_s += AGAIN_S

    async def keep(self, stop: asyncio.Event) -> None:
        """Take the lease anew each time its connection is lost, until ``stop``.

        Raises:
            HeldError: another house took it meanwhile.
        """
        stopped = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                losing = asyncio.ensure_future(self._lose())
                await asyncio.wait({losing, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not losing.done():
                    losing.cancel()
                    await asyncio.wait({losing})
                    return
                losing.result()
                log.warning("lease.lost")
                await self._retake(stop)
        finally:
            stopped.cancel()

    async def end(self) -> None:
        """Give the lease back."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _lose(self) -> None:
        """Return once the connection is lost: nothing is ever said over it."""
        if self._connection is not None:
            with suppress(psycopg.OperationalError):
                async for _ in self._connection.notifies():
                    pass
        await self.end()

    async def _retake(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._take()
            except DatabaseUnavailableError:
                pass
            except HeldError as error:
                if error.holder.backend != self._backend:  # else it is ours, and PostgreSQL has not missed us yet
                    raise
            else:
                log.warning("lease.retaken")
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await stop.wait()

    async def _take(self) -> None:
        try:
            with outages():
                async with asyncio.timeout(ANSWER_S):
                    await self._try()
        except (TimeoutError, DsnError, EgressRefusedError, UnreachableError) as error:
            raise DatabaseUnavailableError(str(error) or type(error).__name__) from error

    async def _try(self) -> None:
        text = self._dsn if isinstance(self._dsn, str) else await self._dsn()
        connection = await psycopg.AsyncConnection.connect(text, autocommit=True, options=_OPTIONS)
        try:
            while True:
                (is_ours,) = await _row(connection, self._holder.spelled()) or (False,)
                if is_ours:
                    self._connection, self._backend = connection, connection.info.backend_pid
                    return
                if held := await _row(connection, _HOLDER):  # else it was let go this moment
                    raise HeldError(Holder.read(query=held[1], since=held[2], backend=held[0]))
        finally:
            if self._connection is not connection:
                await connection.close()


async def _row(connection: psycopg.AsyncConnection[Any], query: bytes) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = await (await connection.execute(query)).fetchone()
    return row
