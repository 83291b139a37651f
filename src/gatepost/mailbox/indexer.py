"""The indexer: gives kept mail its tokens some time after the commit, so that accepting never waits for it."""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from gatepost.db import Plans
from gatepost.ids import TenantId
from gatepost.jobs.resting import Resting
from gatepost.keys import Vault
from gatepost.mailbox import word_store, words
from gatepost.mailbox.word_store import Spelled, Waiting

BATCH = 256
OCTETS_MAX = 1_000_000
"""Of what is read at once: a batch of the largest messages is a small one."""


class Indexer(Resting):
    """Indexes the mail of every tenant."""

    name = "words"

    @override
    async def waiting(self) -> Sequence[TenantId]:
        """Return the tenants that have mail waiting."""
        return await word_store.tenants_waiting(self._db)

    @override
    async def indexed(self) -> Sequence[TenantId]:
        """Return the tenants that have mail indexed."""
        return await word_store.tenants_indexed(self._db)

    @override
    async def forget(self, tenant: TenantId) -> int:
        """Remove the tokens of messages that nobody can open any more; return of how many."""
        async with self._db.transaction(tenant) as tx:
            return await word_store.forget_erased(tx)

    @override
    async def index(self, tenant: TenantId, limit: int = BATCH) -> int:
        """Index the tenant's next messages; return how many, 0 where another process is at it."""
        async with self._db.transaction(tenant, plans=Plans.FRESH) as tx:
            if not await word_store.try_lock(tx):
                return 0
            waiting = await word_store.waiting(tx, limit, OCTETS_MAX)
            await word_store.keep(tx, waiting, await asyncio.to_thread(_spelled, tx.vault, waiting))
        self.has_more |= len(waiting) >= limit or sum(one.octets for one in waiting) >= OCTETS_MAX
        return len(waiting)


def _spelled(vault: Vault, waiting: Sequence[Waiting]) -> Spelled:
    terms = [words.terms_of(one.texts) if one.texts else () for one in waiting]
    return word_store.spell(vault, waiting, terms)
