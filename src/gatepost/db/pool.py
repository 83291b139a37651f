"""Connections, and the transactions on them.

Every query runs as the application's role, which neither owns a table nor bypasses row-level security, with
``gatepost.tenant`` set for the transaction's life.
"""

import asyncio
import re
import select
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from enum import Enum
from typing import Any, LiteralString, Self

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from gatepost.db.exchange import Connection, Exchange
from gatepost.db.outages import READ_ONLY, is_outage, outages
from gatepost.db.outside import SILENCE, Dsn, DsnError
from gatepost.db.transaction import DatabaseUnavailableError, LostError, Transaction, UndecidedError, needed
from gatepost.db.waits import SilenceError, Waits
from gatepost.egress import EgressRefusedError, UnreachableError
from gatepost.ids import TenantId
from gatepost.keys import OLDER_STEP, KeyringError, KeyStore, older

RECONNECT_S = 2.0
"""How long the pool tries again by itself, with growing pauses; then it tries at once for whoever waits, or comes."""

ASK_S = 0.1

ANSWER_S = 120.0
"""How long one answer is waited for, as a rule. Nothing the house asks takes minutes, and much waits in one row."""

LOOK_UP_S = 30.0
"""The same for a look-up: a recipient's mail server, or a person, waits for it."""

CLOSE_S = 1.0
"""How long an attempt to connect that is under way may hold up the end of a pool."""

CONFIGURE_S = 5.0
"""How long a new connection may take to say how it commits."""

LEAVE_EVERY_S = 1.0
"""How often all connections are replaced at the most because one of them leads to a server that takes no writes."""


# Plans are kept (prepared statements), also those made while a table was nearly empty: none may walk through a table
# that has an index for the question. Compiling a plan costs more than any of ours takes. Only a zone of this very name
# does psycopg read as ``datetime.UTC``; to compare two times of another takes seventeen times as long.
_OPTIONS = "-c enable_seqscan=off -c jit=off -c TimeZone=UTC"
# What a house held whose machine went away is let go within 25 s, not after the two hours of most systems.
_OPTIONS += "".join(f" -c tcp_{name.removeprefix('tcp_')}={bound}" for name, bound in SILENCE.items())
# Nor does the lock of a transaction that nobody goes on with outlive what its owner would wait for an answer: a proxy
# on the way may acknowledge what it never passes on, and then no kernel notices.
_IDLE = " -c idle_in_transaction_session_timeout={}ms"
WEAK = ("off", "local")
"""Of ``synchronous_commit``, what may lose what was committed: `local` passes over a standby that is waited for."""
# A 250 is a promise, whatever is set for a role or the database. What else was chosen stays; it is said for the
# session, so that nothing said later takes it back.
_DURABLE = """
    select set_config('synchronous_commit', case when said = any(%(weak)s) then 'on' else said end, false)
    from current_setting('synchronous_commit') as said
"""
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
        self._left_at = float("-inf")
        self._keys_noted = -1

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
            reconnect_failed=_ask_again,
            configure=_make_durable,
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
        return needed(self._keys)

    @property
    def answer_s(self) -> float:
        """How long one answer is waited for from now on, as a rule."""
        return self._waits.most_s

    def transaction(
        self, tenant: TenantId | None, *, plans: Plans = Plans.USUAL
    ) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction bound to ``tenant``; commit on the way out, roll back on any exception.

        Args:
            tenant: None only for look-ups through the functions that cross tenants by design (``lookup_*``).
            plans: which plans its statements may run by.

        Raises:
            DatabaseUnavailableError: no connection, or it broke, or the keys cannot be read or kept: nothing was
                committed.
            DiskError: PostgreSQL's own disk failed a statement.
            LostError: the connection broke before it was told to commit.
            UndecidedError: it broke before the commit was confirmed.
        """
        return self._begun("begin", tenant, plans)

    def still(self, tenant: TenantId | None) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction all of whose statements read the tables as they were at the first, and none writes.

        Raises:
            DatabaseUnavailableError: no connection, or it broke.
        """
        return self._begun("begin isolation level repeatable read, read only", tenant, Plans.USUAL, is_still=True)

    @asynccontextmanager
    async def _begun(
        self, begin: LiteralString, tenant: TenantId | None, plans: Plans, *, is_still: bool = False
    ) -> AsyncIterator[Transaction]:
        async with self._exchange(is_still=is_still) as exchange:
            exchange.send(begin, {})
            exchange.send(plans.value, {"tenant": tenant or ""})
            try:
                tx = Transaction(exchange, self._waits, tenant, self._keys)
                yield tx
                await tx.settle_keys()
                committing = exchange.put("commit", {})
            except SilenceError:  # whoever does not answer is asked nothing more: the connection is broken off
                raise
            except Exception as error:
                exchange.forget()
                if exchange.has_asked:
                    with suppress(psycopg.OperationalError):
                        await self._waits.answer(exchange.put("rollback", {}))
                if exchange.is_lost and isinstance(error, psycopg.Error) and is_outage(error):
                    raise LostError(type(error).__name__) from error
                raise
            try:
                ended = await self._waits.answer(committing)
            except psycopg.Error as error:
                if is_outage(error) and not isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                    raise UndecidedError(type(error).__name__) from error
                raise  # by a statement that was sent along: nothing is committed
            if ended.command_status != b"COMMIT":
                if exchange.unheard is not None:  # by a statement that nobody waited for
                    raise exchange.unheard
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

    async def check_keys(self, *, may_be_older: bool = False) -> None:
        """See that this database is sealed under our key store; one that never was is from now on.

        Raises:
            KeyringError: it is another's, or has lost keys, where it may not be an older copy: what to do.
            DatabaseUnavailableError: no connection, or it broke.
        """
        (row,) = await self.look_up("select lookup_key_store(%(offered)s) as id", offered=self.keys.id)
        if row.id != self.keys.id:
            raise KeyringError(
                f"the database is sealed under the key store {row.id}, and that of the state folder is {self.keys.id}:"
                " start with the state folder it belongs to (GATEPOST_STATE), or restore its keys from your backup"
            )
        lost = await self.note_keys()
        if lost and not may_be_older:
            raise KeyringError(f"{older(lost)}: {OLDER_STEP}")

    async def note_keys(self) -> int:
        """Note how many keys our store has had made; return how many it has lost: 0 unless it is an older copy.

        Raises:
            KeyringError: the key store cannot be read.
            DatabaseUnavailableError: no connection, or it broke.
        """
        query, made = "select lookup_keys_made(%(store)s, %(made)s) as made", self.keys.ever_made
        (row,) = await self.look_up(query, store=self.keys.id, made=made)
        known: int = row.made
        self._keys_noted = made
        return max(known - self.keys.ever_made, 0)  # asked anew: another process may have made some, and noted them

    async def keep_keys_noted(self) -> None:
        """Do so where any were made since, by whatever process; raises the same."""
        if self.keys.ever_made != self._keys_noted:
            await self.note_keys()

    async def check_writes(self) -> None:
        """See that the server takes writes: one that answers may do so as a standby, or as one whose disk is full.

        Raises:
            DatabaseUnavailableError: it takes none, or there is no connection.
        """
        query = "select current_setting('transaction_read_only') = 'on' as is_read_only"
        async with self._exchange() as exchange:
            (row,) = exchange.rows(await self._waits.answer(exchange.put(query, {}), LOOK_UP_S))
            if row.is_read_only:
                raise psycopg.errors.ReadOnlySqlTransaction(READ_ONLY)

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
    async def _exchange(self, *, is_still: bool = False) -> AsyncIterator[Exchange]:
        with outages(is_still=is_still):
            connection = await self._living()
            exchange = Exchange(connection)
            is_read_only = False
            try:
                exchange.open()
                yield exchange
            except psycopg.errors.ReadOnlySqlTransaction:
                is_read_only = not is_still
                raise
            finally:
                try:
                    # That nobody takes a cancellation is no news, and must not stand in the way of what ends us.
                    with suppress(psycopg.OperationalError):
                        await exchange.close()
                finally:  # the pool closes one in which an answer is outstanding, and counts it
                    try:
                        if is_read_only:
                            await self._leave(connection)
                    finally:
                        await self._pool.putconn(connection)

    async def _living(self) -> Connection:
        """Take a connection that did not die while it lay in the pool; asking it would cost a round trip.

        All others are replaced with one that is found dead. What took its place may be dead too.
        """
        until = time.monotonic() + self._pool.timeout
        while not _is_alive(connection := await self._pool.getconn(until - time.monotonic())):
            await connection.close()
            await self._pool.putconn(connection)
            await self.refresh()
        return connection

    async def _leave(self, connection: Connection) -> None:
        """Close a connection to a server that takes no writes, and those like it: the next may lead to one that does.

        That is how a failover is followed whose old primary goes on answering (``target_session_attrs``).
        """
        await connection.close()
        now = asyncio.get_running_loop().time()
        if now - self._left_at > LEAVE_EVERY_S:
            self._left_at = now
            await self.refresh()

    @asynccontextmanager
    async def listen(self, channel: LiteralString) -> AsyncIterator[Connection]:
        """Yield a connection that listens on ``channel``: a hint that work waits, never the work itself.

        Raises:
            DatabaseUnavailableError: no connection, or it broke while listening.
        """
        with outages():
            async with self._pool.connection() as connection:
                await connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(channel)))
                try:
                    yield connection
                finally:
                    await connection.execute("unlisten *")


async def _make_durable(connection: Connection) -> None:
    """Have each commit over a new connection be on the disk when it is confirmed.

    Bounded: the pool's few workers would wait for ever where the way swallows everything after the greeting.
    """
    async with asyncio.timeout(CONFIGURE_S):
        await connection.execute(_DURABLE, {"weak": [*WEAK]})


async def _ask_again(pool: AsyncConnectionPool[Connection]) -> None:
    """Have the pool try anew where somebody waits for it: it does so for whoever asks, and who waits asks no more."""
    if pool.get_stats().get("requests_waiting"):
        with suppress(PoolTimeout, PoolClosed):
            await pool.putconn(await pool.getconn(ASK_S))


def _is_alive(connection: Connection) -> bool:
    """Tell whether a connection at rest is silent: all there could be to hear is the server's last word."""
    if connection.closed:
        return False
    said = select.poll()
    said.register(connection.pgconn.socket, select.POLLIN)
    return not said.poll(0)


_NO_ROLE = re.compile(r'role "gatepost_\w+" does not exist')


async def _refusal(dsn: Dsn) -> str:
    """Return why a connection fails, which the pool keeps to itself."""
    try:
        text = dsn if isinstance(dsn, str) else await dsn()
        async with await psycopg.AsyncConnection.connect(text, connect_timeout=2):
            return "it answers again"
    except (psycopg.Error, DsnError, EgressRefusedError, UnreachableError) as error:
        told = " ".join(str(error).split())
        return f"{told}; `gatepost migrate` makes that role" if _NO_ROLE.search(told) else told
