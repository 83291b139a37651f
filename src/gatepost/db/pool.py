"""Connections, transactions and their tenant.

A ``Transaction`` is passed by hand; there is no ambient session. Every query runs as the application's role, which
neither owns a table nor bypasses row-level security, with ``gatepost.tenant`` set for the transaction's life.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Composed, Literal
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gatepost.db.outside import Dsn, DsnError
from gatepost.egress import EgressRefusedError, UnreachableError
from gatepost.ids import TenantId

Connection = psycopg.AsyncConnection[Any]
Cursor = psycopg.AsyncCursor[Any]


RECONNECT_S = 2.0
"""How long the pool tries again by itself, with growing pauses; then the next caller makes it try at once."""


class DatabaseUnavailableError(Exception):
    """PostgreSQL cannot be reached or went away; nothing was committed by this attempt. Try again."""


class Transaction:
    """One open transaction, bound to one tenant (or to none, for look-ups that cross tenants by design)."""

    def __init__(self, connection: Connection, tenant: TenantId | None) -> None:
        self._connection = connection
        self._tenant = tenant

    @property
    def tenant(self) -> TenantId:
        """The tenant this transaction is bound to.

        Raises:
            RuntimeError: a tenant-less look-up asked for one; that is a broken promise of the caller.
        """
        if self._tenant is None:
            raise RuntimeError("this transaction is bound to no tenant")
        return self._tenant

    async def all(self, query: LiteralString, **values: object) -> list[Any]:
        """Return every row; columns are attributes. ``%(tenant)s`` is always bound."""
        cursor = await self._connection.execute(query, {"tenant": self._tenant, **values})
        return await cursor.fetchall()

    async def maybe(self, query: LiteralString, **values: object) -> Any | None:
        """Return the first row, or None."""
        cursor = await self._connection.execute(query, {"tenant": self._tenant, **values})
        return await cursor.fetchone()

    async def one(self, query: LiteralString, **values: object) -> Any:
        """Return the one row there must be.

        Raises:
            LookupError: there is none.
        """
        row = await self.maybe(query, **values)
        if row is None:
            raise LookupError("the query returned no row")
        return row

    async def run(self, query: LiteralString, **values: object) -> int:
        """Execute, return how many rows it touched."""
        cursor = await self._connection.execute(query, {"tenant": self._tenant, **values})
        return cursor.rowcount

    async def many(self, query: LiteralString, rows: Sequence[Mapping[str, object]]) -> None:
        """Execute once per row, in one round trip."""
        async with self._connection.cursor() as cursor:
            await cursor.executemany(query, [{"tenant": self._tenant, **row} for row in rows])


class Database:
    """The pool. ``open`` it once, hand it down."""

    def __init__(self, pool: AsyncConnectionPool[Connection], dsn: Dsn) -> None:
        self._pool = pool
        self._dsn = dsn

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: Dsn, *, size: int = 8, timeout_s: float = 10) -> AsyncIterator[Self]:
        """Connect as the application's role and yield the database; close on the way out.

        Args:
            dsn: a libpq connection string, or what makes it anew for each connection.
            size: connections at the most.
            timeout_s: how long one caller waits for a connection before ``DatabaseUnavailableError``.
        """
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=size,
            timeout=timeout_s,
            reconnect_timeout=RECONNECT_S,
            open=False,
            kwargs={"row_factory": namedtuple_row, "autocommit": True, "prepare_threshold": 0},
        )
        async with pool:
            yield cls(pool, dsn)

    async def reach(self, timeout_s: float = 10) -> None:
        """Wait for the first connection, once, after ``open``: a database that is away now may come back later.

        Raises:
            DatabaseUnavailableError: there was none within ``timeout_s``; the text is what PostgreSQL said.
        """
        try:
            await self._pool.wait(timeout_s)
        except PoolTimeout:
            raise DatabaseUnavailableError(await _refusal(self._dsn)) from None

    @asynccontextmanager
    async def transaction(self, tenant: TenantId | None) -> AsyncIterator[Transaction]:
        """Open a transaction bound to ``tenant``; commit on the way out, roll back on any exception.

        Args:
            tenant: None only for look-ups through the functions that cross tenants by design (``lookup_*``).

        Raises:
            DatabaseUnavailableError: no connection, or it broke before the commit was confirmed.
        """
        begin = SQL("begin; select set_config('gatepost.tenant', {}, true)").format(Literal(tenant or ""))
        try:
            async with self._begun(begin) as cursor:
                yield Transaction(cursor.connection, tenant)
                ended = await cursor.execute("commit")  # where we do not get here, the pool rolls back
                if ended.statusmessage != "COMMIT":
                    raise RuntimeError("a statement had failed and was passed over: the transaction was rolled back")
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise DatabaseUnavailableError(type(error).__name__) from error

    async def look_up(self, query: LiteralString, **values: object) -> list[Any]:
        """Return the rows of one statement that reads, for no tenant; it needs no transaction around it.

        For the functions that cross tenants by design (``lookup_*``). It may be asked twice.

        Raises:
            DatabaseUnavailableError: no connection, or it broke.
        """
        try:
            async with self._begun(query, values) as cursor:
                return await cursor.fetchall()
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise DatabaseUnavailableError(type(error).__name__) from error

    def usage(self) -> Mapping[str, int]:
        """Return the pool's own counters, by psycopg's names; one that is missing is 0."""
        return self._pool.get_stats()

    async def refresh(self) -> None:
        """Replace connections that died: all of them, when PostgreSQL was started anew."""
        await self._pool.check()

    @asynccontextmanager
    async def _begun(
        self, first: LiteralString | Composed, values: Mapping[str, object] | None = None
    ) -> AsyncIterator[Cursor]:
        """Yield the cursor that executed ``first``, a statement that changes nothing.

        A connection may have died while it lay in the pool, and asking it before each use would cost a round trip.
        So where ``first`` finds its connection dead, the pool is refreshed and it is said once more.
        """
        is_second = False
        while True:
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                try:
                    await cursor.execute(first, values, prepare=values is not None)  # two statements: not preparable
                except psycopg.OperationalError:
                    if is_second or not connection.broken:
                        raise
                else:
                    yield cursor
                    return
            is_second = True
            await self.refresh()

    @asynccontextmanager
    async def listen(self, channel: LiteralString) -> AsyncIterator[Connection]:
        """Yield a connection that listens on ``channel``: a hint that work waits, never the work itself.

        Raises:
            DatabaseUnavailableError: no connection, or it broke while listening.
        """
        try:
            async with self._pool.connection() as connection:
                await connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(channel)))
                try:
                    yield connection
                finally:
                    await connection.execute("unlisten *")
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise DatabaseUnavailableError(type(error).__name__) from error


async def _refusal(dsn: Dsn) -> str:
    """Return why a connection fails, which the pool keeps to itself."""
    try:
        text = dsn if isinstance(dsn, str) else await dsn()
        async with await psycopg.AsyncConnection.connect(text, connect_timeout=2):
            return "it answers again"
    except (psycopg.Error, DsnError, EgressRefusedError, UnreachableError) as error:
        return " ".join(str(error).split())
