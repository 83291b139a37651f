"""The indexer: gives kept mail its tokens some time after the commit, so that accepting never waits for it.

It works in small pieces and rests twice as long as it worked: at most a third of one processor, while mail comes in
faster than it is indexed. Any number of processes may run one; each tenant's queue is worked at under a lock.
"""

import asyncio
from contextlib import suppress

import structlog

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import TenantId
from gatepost.keys import KeyringError
from gatepost.mailbox import word_store, words

BATCH = 128
OCTETS_MAX = 1_000_000
"""Of what is read at once: a batch of the largest messages is a small one."""

POLL_S = 1.0
REST = 2.0
"""How long a rest is, as a multiple of the work before it."""

log = structlog.get_logger()


class Indexer:
    """Indexes the mail of every tenant."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._destructions: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Index until ``stop`` is set; a database that is away, or mail that does not open, only delays it."""
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
        """Where keys were destroyed since the last time, remove the tokens of what they sealed; return how many."""
        seen = self._db.keys.destructions
        if seen == self._destructions:
            return 0
        gone = 0
        for tenant in await word_store.tenants_indexed(self._db):
            async with self._db.transaction(tenant) as tx:
                gone += await word_store.forget_erased(tx)
        self._destructions = seen
        return gone

    async def round(self) -> int:
        """Index one batch of each tenant that has mail waiting; return how many messages in all."""
        done = 0
        for tenant in await word_store.tenants_waiting(self._db):
            try:
                done += await self.index(tenant)
            except KeyringError as error:
                log.warning("words.delayed", tenant=tenant, error=type(error).__name__)
        return done

    async def index(self, tenant: TenantId, limit: int = BATCH) -> int:
        """Index the tenant's next messages; return how many, 0 where another process is at it."""
        async with self._db.transaction(tenant) as tx:
            if not await word_store.try_lock(tx):
                return 0
            waiting = await word_store.waiting(tx, limit, OCTETS_MAX)
            terms = await asyncio.to_thread(lambda: [words.terms_of(one.email) if one.email else () for one in waiting])
            await word_store.keep(tx, list(zip(waiting, terms, strict=True)))
        return len(waiting)
