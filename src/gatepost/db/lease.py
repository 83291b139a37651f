"""One house at a time serves on a database: a lease, which ends with the connection that holds it.

It is a session-level advisory lock (PostgreSQL 13.3.5) on a connection of its own, so a house that is killed, or whose
machine goes away, holds nothing. Who holds it stands in ``pg_stat_activity``, behind each statement of that session.
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

from gatepost.db.outages import READ_ONLY, outages
from gatepost.db.outside import SILENCE, Dsn, DsnError
from gatepost.db.transaction import DatabaseUnavailableError
from gatepost.egress import EgressRefusedError, UnreachableError

AGAIN_S = 0.5
ANSWER_S = 10.0
"""How long one attempt may take, and one answer; a server that hangs never says so."""
ASK_S = 5.0
"""How often the server is asked whether the lease is still ours there, and whether it still takes writes."""
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
# A demoted primary keeps our session and its lock, while the next house begins on the new one.
_WRITES = "select current_setting('transaction_read_only') = 'off'"
# Short, as all that stands before a name has to be. This session has no other advisory lock.
_ASK = f"{_WRITES} and 'advisory' in (select locktype from pg_locks where pid = pg_backend_pid()) -- "  # noqa: S608  # of our own
_HOLDER = b"""
    select pid, coalesce(query, ''), backend_start from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and (classid, objid, objsubid) = (1734440037, 1, 2)
      and pg_locks.database = (select oid from pg_database where datname = current_database())
"""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A house that holds the lease, or wants to.

    ``since``: when it began, as text; ``token``: random, by which it knows itself; ``backend``: PostgreSQL's process,
    0 while there is none.
    """

    host: str
    folder: str
    since: str
    token: str = ""
    backend: int = 0

    @classmethod
    def read(cls, query: str, since: datetime, backend: int) -> Self:
        """Return who took a lease by that statement, in a session since then; what it does not say is unknown."""
        said: Mapping[str, Any] = {}
        with suppress(ValueError):
            said = json.loads(query.partition("-- ")[2])
        host, folder = (str(said.get(name, "unknown")) for name in ("host", "folder"))
        began, token = str(said.get("since", since)), str(said.get("token", ""))
        return cls(host=host, folder=folder, since=began, token=token, backend=backend)

    def spelled(self, statement: str = _TAKE) -> bytes:
        """Return a statement of the lease's session, such as the one that takes it, with the house behind it."""
        shown = {"host": self.host[-SHOWN_MAX:], "folder": self.folder[-SHOWN_MAX:], "since": self.since}
        return (statement + json.dumps(shown | {"token": self.token}, ensure_ascii=False)).encode(errors="replace")


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
        """Take the lease anew each time it is lost, until ``stop``.

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
        """Return once the lease is lost: its connection ended or is silent, or its server lost it or is read-only."""
        is_kept = self._connection is not None
        with suppress(psycopg.Error, TimeoutError):
            while is_kept and self._connection is not None:
                async for _ in self._connection.notifies(timeout=ASK_S):  # an end that is told is heard at once
                    pass
                async with asyncio.timeout(ANSWER_S):
                    is_kept = await _row(self._connection, self._holder.spelled(_ASK)) == (True,)
        await self.end()

    async def _retake(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._take()
            except DatabaseUnavailableError:
                pass
            except HeldError as error:
                if not self._is_ours(error.holder):  # else PostgreSQL has not missed us yet
                    raise
            else:
                log.warning("lease.retaken")
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await stop.wait()

    def _is_ours(self, holder: Holder) -> bool:
        """Tell whether a session is ours; the token says so of one whose answer was lost."""
        return holder.backend == self._backend or (holder.token == self._holder.token != "")

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
            if await _row(connection, _WRITES.encode()) != (True,):  # libpq may have found the primary of before
                raise psycopg.errors.ReadOnlySqlTransaction(READ_ONLY)
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
