"""The indexer: gives entries their tokens some time after they have their place in the log.

Accepting never waits for it. It works in pieces and rests twice as long as it worked, so that it never has more than a
third of one processor. Any number of processes may run one; each tenant's log is worked at under a lock. What is not
indexed yet is found all the same (``search``).
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from gatepost.db import Database, DatabaseUnavailableError, Transaction
from gatepost.ids import TenantId
from gatepost.keys import KeyringError
from gatepost.record import word_store
from gatepost.record.paper import Kind
from gatepost.record.word_store import Row, Tokens
from gatepost.record.words import terms_of

BATCH = 256
POLL_S = 1.0
REST = 2.0
"""How long a rest is, as a multiple of the work before it."""

log = structlog.get_logger()


class Indexer:
    """Indexes the log of every tenant."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._destructions: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Index until ``stop`` is set; a database that is away, or an opening that does not open, only delays it."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            pause_s = POLL_S
            with suppress(DatabaseUnavailableError):
                began = loop.time()
                await self.sweep()
                if await self.round():
                    pause_s = min(REST * (loop.time() - began), POLL_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def sweep(self) -> int:
        """Where keys were destroyed since the last time, forget the words of what they sealed; return how many."""
        seen = self._db.keys.destructions
        if seen == self._destructions:
            return 0
        gone = 0
        for tenant in await word_store.tenants_indexed(self._db):
            gone += await self.forget(tenant)
        self._destructions = seen
        return gone

    async def forget(self, tenant: TenantId) -> int:
        """Forget the words of entries that nobody can open any more; what their leaves say is found as before."""
        async with self._db.transaction(tenant) as tx:
            gone = await word_store.take_erased(tx)
            await _keep(tx, gone)
        return len(gone)

    async def round(self) -> int:
        """Index one batch of each tenant that is behind; return how many entries in all."""
        done = 0
        for tenant in await word_store.tenants_behind(self._db):
            try:
                done += await self.index(tenant)
            except KeyringError as error:
                log.warning("entry_words.delayed", tenant=tenant, error=type(error).__name__)
        return done

    async def index(self, tenant: TenantId, limit: int = BATCH) -> int:
        """Index the tenant's next entries; return how many, 0 where another process is at it."""
        async with self._db.transaction(tenant) as tx:
            if not await word_store.try_lock(tx):
                return 0
            start = await word_store.next_index(tx)
            rows = await word_store.at_places(tx, start, start + limit)
            if not rows:
                return 0
            await word_store.make_room(self._db, [row.place.at for row in rows])
            await _keep(tx, rows)
            await word_store.go_on(tx, start + len(rows))
        if any(row.found.leaf["kind"] == Kind.ERASURE for row in rows):  # openings are gone, their keys may be there
            await self.forget(tenant)
        return len(rows)


async def _keep(tx: Transaction, rows: Sequence[Row]) -> None:
    if not rows:
        return
    tokens = Tokens(tx.vault)
    found = await asyncio.to_thread(lambda: [tokens(terms_of(row.found)) for row in rows])
    await word_store.keep(tx, rows, found)
