"""The indexer: gives entries their tokens some time after they have their place in the log.

What is not indexed yet is found all the same (``search``).
"""

from collections.abc import Sequence

from typing_extensions import override

from gatepost.db import Plans, Transaction
from gatepost.ids import TenantId
from gatepost.jobs.resting import Resting
from gatepost.keys import Blinder
from gatepost.record import word_store
from gatepost.record.paper import Kind
from gatepost.record.word_store import Spelled, Unworded
from gatepost.record.words import terms_of

BATCH = 256


class Indexer(Resting):
    """Indexes the log of every tenant."""

    name = "entry_words"

    @override
    async def waiting(self) -> Sequence[TenantId]:
        """Return the tenants whose log is not indexed to its end."""
        return await word_store.tenants_behind(self._db)

    @override
    async def indexed(self) -> Sequence[TenantId]:
        """Return the tenants that have a log."""
        return await word_store.tenants_indexed(self._db)

    @override
    async def forget(self, tenant: TenantId) -> int:
        """Forget the words of entries that nobody can open any more; what their leaves say is found as before."""
        async with self._db.transaction(tenant) as tx:
            gone = await word_store.take_erased(tx)
            await self._keep(tx, gone)
        return len(gone)

    @override
    async def index(self, tenant: TenantId, limit: int = BATCH) -> int:
        """Index the tenant's next entries; return how many, 0 where another process is at it."""
        async with self._db.transaction(tenant, plans=Plans.FRESH) as tx:
            if not await word_store.try_lock(tx):
                return 0
            start = await word_store.next_index(tx)
            rows = await word_store.at_places(tx, start, start + limit)
            if not rows:
                return 0
            await word_store.make_room(self._db, [row.place.at for row in rows])
            await self._keep(tx, rows)
            await word_store.go_on(tx, start + len(rows))
        self.has_more |= len(rows) >= limit
        if any(row.found.leaf["kind"] == Kind.ERASURE for row in rows):  # openings are gone, their keys may be there
            await self.forget_surely(tenant)
        return len(rows)

    async def _keep(self, tx: Transaction, rows: Sequence[Unworded]) -> None:
        if rows:
            await word_store.keep(tx, rows, await self._pressure.compute(_words, tx.vault.blinder, rows))


def _words(blinder: Blinder, rows: Sequence[Unworded]) -> Spelled:
    return word_store.spell(blinder, rows, [terms_of(row.found) for row in rows])
