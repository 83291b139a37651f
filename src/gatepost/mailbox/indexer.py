"""The indexer: gives kept mail its tokens some time after the commit, so that accepting never waits for it."""

from collections.abc import Sequence

from typing_extensions import override

from gatepost.db import Database, Plans
from gatepost.ids import AccountId, TenantId
from gatepost.jobs.pressure import Pressure
from gatepost.jobs.resting import Resting
from gatepost.keys import Blinder
from gatepost.mailbox import word_store, words
from gatepost.mailbox.word_store import NOBODY, Spelled, Waiting

BATCH = 256
OCTETS_MAX = 1_000_000
"""Of what is read at once: a batch of the largest messages is a small one."""


class Indexer(Resting):
    """Indexes the mail of every tenant."""

    name = "words"

    def __init__(self, db: Database, pressure: Pressure | None = None) -> None:
        """See ``Resting``; of each tenant with more than a piece, remember whose mail it ended with.

        The next one begins with the next account: who gets mail faster than it is indexed keeps nobody else's waiting.
        """
        super().__init__(db, pressure)
        self._ends: dict[TenantId, AccountId] = {}

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
        after = self._ends.pop(tenant, NOBODY)
        async with self._db.transaction(tenant, plans=Plans.FRESH) as tx:
            if not await word_store.try_lock(tx):
                return 0
            waiting = await word_store.waiting(tx, limit, OCTETS_MAX, after)
            if not waiting and after != NOBODY:
                waiting, after = await word_store.waiting(tx, limit, OCTETS_MAX), NOBODY
            await word_store.keep(tx, waiting, await self._pressure.compute(_spelled, tx.vault.blinder, waiting))
        if len(waiting) >= limit or sum(one.octets for one in waiting) >= OCTETS_MAX:
            self._ends[tenant] = waiting[-1].account
            self.has_more = True
        self.has_more |= after != NOBODY  # the accounts before it have not been looked at
        return len(waiting)


def _spelled(blinder: Blinder, waiting: Sequence[Waiting]) -> Spelled:
    terms = [words.terms_of(one.texts) if one.texts else () for one in waiting]
    return word_store.spell(blinder, waiting, terms)
