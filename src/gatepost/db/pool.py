"""Connections, transactions and their tenant.

A ``Transaction`` is passed by hand; there is no ambient session. Every query runs as the application's role, which
neither owns a table nor bypasses row-level security, with ``gatepost.tenant`` set for the transaction's life.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from enum import Enum
from typing import Any, LiteralString, Self

import psycopg
from psycopg.pq.abc import PGresult
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gatepost.db.exchange import Connection, Exchange
from gatepost.db.outside import SILENCE, Dsn, DsnError
from gatepost.db.waits import SilenceError, Waits
from gatepost.egress import EgressRefusedError, UnreachableError
from gatepost.ids import TenantId
from gatepost.keys import KeyringError, KeyStore, Vault

RECONNECT_S = 2.0
"""How long the pool tries again by itself, with growing pauses; then the next caller makes it try at once."""

ANSWER_S = 120.0
"""How long one answer is waited for, as a rule. Nothing the house asks takes minutes, and much waits in one row."""

LOOK_UP_S = 30.0
"""The same for a look-up: a recipient's mail server, or a person, waits for it."""

CLOSE_S = 1.0
"""How long an attempt to connect that is under way may hold up the end of a pool."""


class DatabaseUnavailableError(Exception):
    """PostgreSQL or the key store cannot be reached or went away; nothing was committed by this attempt. Try again."""


class UndecidedError(DatabaseUnavailableError):
    """It went away as it was told to commit: whether it did, nobody knows."""


_BROKEN = (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout, PoolTimeout)


class Later:
    """The answer to a statement that was sent along; it can be read once something asked after it was answered."""

    def __init__(self, exchange: Exchange, done: asyncio.Future[PGresult]) -> None:
        self._exchange = exchange
        self._done = done
        done.add_done_callback(_heed)

    def rows(self) -> list[Any]:
        """Return every row; columns are attributes."""
        return self._exchange.rows(self._done.result())


def _heed(done: asyncio.Future[PGresult]) -> None:
    """Look at a failure nobody may ask for: it is raised at whatever is waited for next, the commit at the latest."""
    if not done.cancelled():
        done.exception()


class Transaction:
    """One open transaction, bound to one tenant (or to none, for look-ups that cross tenants by design).

    Statements asked side by side (``asyncio.gather``) share one round trip, and are executed in the order asked.
    """

    def __init__(self, exchange: Exchange, waits: Waits, tenant: TenantId | None, keys: KeyStore | None = None) -> None:
        self._exchange = exchange
        self._waits = waits
        self._tenant = tenant
        self._keys = keys
        self._vault: Vault | None = None
        self._destructions = 0

    @property
    def tenant(self) -> TenantId:
        """The tenant this transaction is bound to.

        Raises:
            RuntimeError: a tenant-less look-up asked for one; that is a broken promise of the caller.
        """
        if self._tenant is None:
            raise RuntimeError("this transaction is bound to no tenant")
        return self._tenant

    @property
    def vault(self) -> Vault:
        """The tenant's seals: no text about a person is written to a table but through them."""
        if self._vault is None:
            keys = _needed(self._keys)
            self._vault = keys.vault(self._tenant)
            self._destructions = keys.destructions
        return self._vault

    @property
    def house_vault(self) -> Vault:
        """The house's own tokens, for what is looked up before the tenant is known."""
        return _needed(self._keys).vault(None)

    async def settle_keys(self) -> None:
        """See to it, right before the commit, that what this transaction sealed can be opened after it.

        Raises:
            DatabaseUnavailableError: it could not; another attempt may.
        """
        if self._keys is None or self._vault is None:
            return
        try:
            await self._keys.flush()
            is_stale = self._keys.destructions != self._destructions
        except KeyringError as error:
            raise DatabaseUnavailableError(f"the key store: {error}") from error
        if is_stale:
            raise DatabaseUnavailableError("keys were destroyed meanwhile")

    async def all(self, query: LiteralString, **values: object) -> list[Any]:
        """Return every row; columns are attributes. ``%(tenant)s`` is always bound."""
        return self._exchange.rows(await self._ask(query, values))

    async def tuples(self, query: LiteralString, **values: object) -> list[tuple[Any, ...]]:
        """Return every row without names for its columns: what thousands of rows at once need not pay for."""
        return self._exchange.rows(await self._ask(query, values), is_named=False)

    async def maybe(self, query: LiteralString, **values: object) -> Any | None:
        """Return the first row, or None."""
        rows = await self.all(query, **values)
        return rows[0] if rows else None

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
        return (await self._ask(query, values)).command_tuples or 0

    def send(self, query: LiteralString, **values: object) -> None:
        """Execute along with whatever is waited for next, the commit at the latest; a failure is raised there."""
        self._exchange.send(query, {"tenant": self._tenant, **values})

    def later(self, query: LiteralString, **values: object) -> Later:
        """Execute like ``send``; the rows can be read after the commit, and cost no round trip of their own."""
        return Later(self._exchange, self._exchange.put(query, {"tenant": self._tenant, **values}))

    async def _ask(self, query: LiteralString, values: Mapping[str, object]) -> PGresult:
        return await self._waits.answer(self._exchange.put(query, {"tenant": self._tenant, **values}))


# Plans are kept (prepared statements), also those made while a table was nearly empty: none may walk through a table
# that has an index for the question. Compiling a plan costs more than any of ours takes. Only a zone of this very name
# does psycopg read as ``datetime.UTC``; to compare two times of another takes seventeen times as long.
_OPTIONS = "-c enable_seqscan=off -c jit=off -c TimeZone=UTC"
# What a house held whose machine went away is let go within 25 s, not after the two hours of most systems.
_OPTIONS += "".join(f" -c tcp_{name.removeprefix('tcp_')}={bound}" for name, bound in SILENCE.items())
# Nor does the lock of a transaction that nobody goes on with outlive what its owner would wait for an answer: a proxy
# on the way may acknowledge what it never passes on, and then no kernel notices.
_IDLE = " -c idle_in_transaction_session_timeout={}ms"
_BIND = "select set_config('gatepost.tenant', %(tenant)s, true)"


class Plans(Enum):
    """What a transaction lets PostgreSQL do about the plans of its statements; the value is what binds its tenant."""

    USUAL = _BIND
    """PostgreSQL's own way: five plans for the very values, then one for all where that looks no dearer."""

    KEPT = f"{_BIND}, set_config('plan_cache_mode', 'force_generic_plan', true)"
    """One plan for all values, made once. For the statements that every message needs: their plans must not depend on
    values, nor on what a table holds, and planning costs more than they do."""

    FRESH = f"{_BIND}, set_config('plan_cache_mode', 'force_custom_plan', true)"
    """A plan for each execution. For work in batches, where a plan is cheap and a bad one dear: one that was made while
    a table was nearly empty walks through what it holds by now, until PostgreSQL gathers statistics (docs/adr/0059)."""


class Database:
    """The pool. ``open`` it once, hand it down."""

    def __init__(
        self, pool: AsyncConnectionPool[Connection], dsn: Dsn, keys: KeyStore | None, *, answer_s: float = ANSWER_S
    ) -> None:
        self._pool = pool
        self._dsn = dsn
        self._keys = keys
        self._waits = Waits(answer_s)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        dsn: Dsn,
        keys: KeyStore | None = None,
        *,
        size: int = 8,
        timeout_s: float = 10,
        answer_s: float = ANSWER_S,
    ) -> AsyncIterator[Self]:
        """Connect as the application's role and yield the database; close on the way out.

        Args:
            dsn: a libpq connection string, or what makes it anew for each connection.
            keys: what seals; without it, nothing that concerns a person can be read or written.
            size: connections at the most.
            timeout_s: how long one caller waits for a connection before ``DatabaseUnavailableError``.
            answer_s: how long for the answer to one statement; PostgreSQL ends a transaction that is silent as long.
        """
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            dsn,
            connection_class=Connection,
            min_size=1,
            max_size=size,
            timeout=timeout_s,
            reconnect_timeout=RECONNECT_S,
            open=False,
            kwargs={"autocommit": True, "options": _OPTIONS + _IDLE.format(round(answer_s * 1000))},
        )
        await pool.open()
        try:
            yield cls(pool, dsn, keys, answer_s=answer_s)
        finally:
            await pool.close(CLOSE_S)

    async def reach(self, timeout_s: float = 10) -> None:
        """Wait for the first connection, once, after ``open``: a database that is away now may come back later.

        Raises:
            DatabaseUnavailableError: there was none within ``timeout_s``; the text is what PostgreSQL said.
        """
        try:
            await self._pool.wait(timeout_s)
        except PoolTimeout:
            raise DatabaseUnavailableError(await _refusal(self._dsn)) from None

    @property
    def keys(self) -> KeyStore:
        """The key store that seals what is written here."""
        return _needed(self._keys)

    def transaction(
        self, tenant: TenantId | None, *, plans: Plans = Plans.USUAL
    ) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction bound to ``tenant``; commit on the way out, roll back on any exception.

        Args:
            tenant: None only for look-ups through the functions that cross tenants by design (``lookup_*``).
            plans: which plans its statements may run by.

        Raises:
            DatabaseUnavailableError: no connection, or it broke, or the keys cannot be kept: nothing was committed.
            UndecidedError: it broke before the commit was confirmed.
        """
        return self._begun("begin", tenant, plans)

    def still(self, tenant: TenantId | None) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction all of whose statements read the tables as they were at the first, and none writes.

        Raises:
            DatabaseUnavailableError: no connection, or it broke.
        """
        return self._begun("begin isolation level repeatable read, read only", tenant, Plans.USUAL)

    @asynccontextmanager
    async def _begun(self, begin: LiteralString, tenant: TenantId | None, plans: Plans) -> AsyncIterator[Transaction]:
        async with self._exchange() as exchange:
            exchange.send(begin, {})
            exchange.send(plans.value, {"tenant": tenant or ""})
            try:
                tx = Transaction(exchange, self._waits, tenant, self._keys)
                yield tx
                await tx.settle_keys()
            except SilenceError:  # whoever does not answer is asked nothing more: the connection is broken off
                raise
            except Exception:
                exchange.forget()
                with suppress(psycopg.OperationalError):
                    await self._waits.answer(exchange.put("rollback", {}))
                raise
            try:
                ended = await self._waits.answer(exchange.put("commit", {}))
            except _BROKEN as error:
                raise UndecidedError(type(error).__name__) from error
            if ended.command_status != b"COMMIT":
                raise RuntimeError("a statement had failed and was passed over: the transaction was rolled back") from (
                    exchange.failure
                )

    async def look_up(self, query: LiteralString, **values: object) -> list[Any]:
        """Return the rows of one statement that reads, for no tenant; it needs no transaction around it.

        For the functions that cross tenants by design (``lookup_*``).

        Raises:
            DatabaseUnavailableError: no connection, or it broke.
        """
        async with self._exchange() as exchange:
            return exchange.rows(await self._waits.answer(exchange.put(query, values), LOOK_UP_S))

    async def check_keys(self) -> None:
        """See that this database is sealed under our key store; one that never was is from now on.

        Raises:
            KeyringError: it is another's: what to do.
            DatabaseUnavailableError: no connection, or it broke.
        """
        (row,) = await self.look_up("select lookup_key_store(%(offered)s) as id", offered=self.keys.id)
        if row.id != self.keys.id:
            raise KeyringError(
                f"the database is sealed under the key store {row.id}, and that of the state folder is {self.keys.id}:"
                " start with the state folder it belongs to (GATEPOST_STATE), or restore its keys from your backup"
            )

    def usage(self) -> Mapping[str, int]:
        """Return the pool's own counters, by psycopg's names; one that is missing is 0."""
        return self._pool.get_stats()

    def hurry(self, within_s: float) -> None:
        """Wait no longer than that from now on, for each connection and each answer: the house is to end."""
        self._pool.timeout = min(self._pool.timeout, within_s)
        self._waits.hurry(within_s)

    async def refresh(self) -> None:
        """Replace the connections at rest, and those in use once they are: PostgreSQL was started anew.

        None is asked whether it lives: the answer may never come.
        """
        await self._pool.drain()

    @asynccontextmanager
    async def _exchange(self) -> AsyncIterator[Exchange]:
        try:
            connection = await self._living()
            exchange = Exchange(connection)
            try:
                exchange.open()
                yield exchange
            finally:
                try:
                    # That nobody takes a cancellation is no news, and must not stand in the way of what ends us.
                    with suppress(psycopg.OperationalError):
                        await exchange.close()
                finally:  # the pool closes one in which an answer is outstanding, and counts it
                    await self._pool.putconn(connection)
        except _BROKEN as error:
            raise DatabaseUnavailableError(type(error).__name__) from error

    async def _living(self) -> Connection:
        """Take a connection that did not die while it lay in the pool; asking it would cost a round trip."""
        connection = await self._pool.getconn()
        if _is_alive(connection):
            return connection
        await connection.close()
        await self._pool.putconn(connection)
        await self.refresh()
        return await self._pool.getconn()

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


def _is_alive(connection: Connection) -> bool:
    """Tell whether a connection at rest is silent: all there could be to hear is the server's last word."""
    if connection.closed:
        return False
    said = select.poll()
    said.register(connection.pgconn.socket, select.POLLIN)
    return not said.poll(0)


def _needed(keys: KeyStore | None) -> KeyStore:
    if keys is None:
        raise RuntimeError("this database was opened without a key store")
    return keys


async def _refusal(dsn: Dsn) -> str:
    """Return why a connection fails, which the pool keeps to itself."""
    try:
        text = dsn if isinstance(dsn, str) else await dsn()
        async with await psycopg.AsyncConnection.connect(text, connect_timeout=2):
            return "it answers again"
    except (psycopg.Error, DsnError, EgressRefusedError, UnreachableError) as error:
        return " ".join(str(error).split())
