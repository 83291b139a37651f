"""One transaction and its tenant. It is passed by hand; there is no ambient session."""

import asyncio
from collections.abc import Mapping
from typing import Any, LiteralString

from psycopg.pq.abc import PGresult

from gatepost.db.exchange import Exchange
from gatepost.db.waits import Waits
from gatepost.ids import TenantId
from gatepost.keys import KeyringError, KeyStore, Vault


class DatabaseUnavailableError(Exception):
    """PostgreSQL or the key store cannot be reached or went away; nothing was committed by this attempt. Try again."""


class LostError(DatabaseUnavailableError):
    """The connection was lost before COMMIT was sent: the same again, at once, does nothing twice."""


class UndecidedError(DatabaseUnavailableError):
    """It went away as it was told to commit: whether it did, nobody knows."""


class DiskError(DatabaseUnavailableError):
    """PostgreSQL answered that it cannot read or write its files, and rolled back; another row may fare better."""


class Later:
    """The answer to a statement that was sent along; it can be read once something asked after it was answered."""

    def __init__(self, exchange: Exchange, done: asyncio.Future[PGresult]) -> None:
        self._exchange = exchange
        self._done = done
        done.add_done_callback(_heed)

    def rows(self) -> list[Any]:
        """Return every row; columns are attributes."""
        return self._exchange.rows(self._done.result())


def _heed(done: asyncio.Future[Any]) -> None:
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
        self._hastened: asyncio.Future[None] | None = None

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
            keys = needed(self._keys)
            self._vault = keys.vault(self._tenant)
            self._destructions = keys.destructions
        return self._vault

    @property
    def house_vault(self) -> Vault:
        """The house's own tokens, for what is looked up before the tenant is known."""
        return needed(self._keys).vault(None)

    def hasten_keys(self) -> None:
        """Begin to write the keys that were made so far, while the rest of this transaction is worked out.

        A key has to be durable before a row sealed under it is committed, and not before it is written:
        ``settle_keys`` waits for it. Else its flush and PostgreSQL's are waited for one after the other.
        """
        if self._keys is not None and self._hastened is None:
            self._hastened = self._keys.begin_flush()
            if self._hastened is not None:
                self._hastened.add_done_callback(_heed)  # what failed is tried again, and raised, by settle_keys

    async def settle_keys(self) -> None:
        """See to it, right before the commit, that what this transaction sealed can be opened after it.

        Raises:
            DatabaseUnavailableError: it could not; another attempt may.
        """
        if self._keys is None or self._vault is None:
            return
        try:
            if self._hastened is not None and not self._hastened.done():
                await asyncio.wait([self._hastened])
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
        return Later(self._exchange, self._exchange.put(query, {"tenant": self._tenant, **values}, is_waited=False))

    async def _ask(self, query: LiteralString, values: Mapping[str, object]) -> PGresult:
        return await self._waits.answer(self._exchange.put(query, {"tenant": self._tenant, **values}))


def needed(keys: KeyStore | None) -> KeyStore:
    """Return the key store that there must be.

    Raises:
        RuntimeError: the database was opened without; that is a broken promise of the caller.
    """
    if keys is None:
        raise RuntimeError("this database was opened without a key store")
    return keys
