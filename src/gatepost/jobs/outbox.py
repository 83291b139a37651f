"""The outbox: promise with a transaction, keep after it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from gatepost.clock import Clock
from gatepost.db import Database, Transaction
from gatepost.ids import JobId
from gatepost.jobs import store
from gatepost.jobs.promise import DeadJob, Handler, Promise
from gatepost.jobs.retry import Patience
from gatepost.jobs.worker import Pace, Worker


class Jobs:
    """The outbox."""

    def __init__(
        self, db: Database, clock: Clock, *, pace: Pace | None = None, patience: Patience | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._pace = pace or Pace()
        self._patience = patience or Patience()
        self._hinted_at = float("-inf")

    async def enqueue(self, tx: Transaction, promise: Promise, *, at: datetime | None = None) -> JobId:
        """Promise work with the transaction; it becomes due when that commits, or ``at`` a later time."""
        now = self._clock()
        return await store.insert(
            tx, promise, promised_at=now, due_at=at or now, hint=(at is None or at <= now) and self._may_hint()
        )

    async def run(self, handlers: Mapping[str, Handler], stop: asyncio.Event) -> None:
        """Keep promises until ``stop`` is set, several at once, one per key; kinds without a handler are left alone.

        Once stopped, what runs may finish within the pace's grace; the rest is cancelled and becomes due again.
        """
        await Worker(self._db, self._clock, handlers, self._pace, self._patience).run(stop)

    async def dead(self, tx: Transaction, *, limit: int = 100) -> tuple[DeadJob, ...]:
        """Return the jobs of this tenant that were given up, oldest first."""
        return await store.dead(tx, limit=limit)

    async def revive(self, tx: Transaction, job: JobId) -> bool:
        """Give a dead job another chance from now; False where this tenant has none of that id."""
        return await store.revive(tx, job, at=self._clock())

    def _may_hint(self) -> bool:
        """Allow a few hints a second: PostgreSQL commits transactions that notify one after the other.

        A worker that was woken looks a second time after the same pause, so one hint serves all that follow it closely.
        """
        now = asyncio.get_running_loop().time()
        if now - self._hinted_at < self._pace.hint_s:
            return False
        self._hinted_at = now
        return True
