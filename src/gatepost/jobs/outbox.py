"""The outbox: promise with a transaction, keep after it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from gatepost.clock import Clock
from gatepost.db import Database, Transaction
from gatepost.ids import JobId
from gatepost.jobs import store
from gatepost.jobs.promise import DeadJob, Handler, Lane, Promise, WaitingJob
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
        is_due = at is None or at <= now
        (made,) = await store.insert(tx, [promise], promised_at=now, due_at=at or now, hint=is_due and self._may_hint())
        return made

    async def enqueue_all(self, tx: Transaction, promises: Sequence[Promise]) -> None:
        """Promise several things at once; of one kind and key, they are kept in the order given."""
        now = self._clock()
        hint = bool(promises) and self._may_hint()
        rounds: list[list[Promise]] = []  # one, as a rule: of one kind and key, each is written behind the last
        turns: Counter[tuple[str, str]] = Counter()
        for promise in promises:
            turn = turns[promise.kind, promise.key]
            turns[promise.kind, promise.key] += 1
            if turn == len(rounds):
                rounds.append([])
            rounds[turn].append(promise)
        for some in rounds:
            await store.insert(tx, some, promised_at=now, due_at=now, hint=hint)

    async def waiting(
        self, tx: Transaction, kind: str, keys: Sequence[str] | None = None, *, limit: int, is_locked: bool = False
    ) -> tuple[WaitingJob, ...]:
        """Return the tenant's promises of one kind, what is due first at the top.

        Args:
            tx: bound to the tenant.
            kind: of the promises.
            keys: of them; None: all.
            limit: how many at most.
            is_locked: nobody begins to keep one until the transaction ends.
        """
        return await store.waiting(tx, kind, keys, at=self._clock(), limit=limit, is_locked=is_locked)

    async def hasten(self, tx: Transaction, jobs: Sequence[JobId], *, reason: str | None = None) -> int:
        """Make jobs of this tenant due at once; return how many.

        Args:
            tx: bound to the tenant.
            jobs: which.
            reason: only those that wait for this (``TryAgainError``).
        """
        return await store.hasten(tx, jobs, at=self._clock(), reason=reason)

    async def run(self, handlers: Mapping[str, Handler], stop: asyncio.Event, *apart: Lane) -> None:
        """Keep promises until ``stop`` is set, several at once, one per key; kinds without a handler are left alone.

        ``apart`` are kinds that the others do not wait for.
        Once stopped, what runs may finish within the pace's grace; the rest is cancelled and becomes due again.
        """
        lanes = (Lane(handlers, self._pace.concurrency), *apart)
        await Worker(self._db, self._clock, lanes, self._pace, self._patience).run(stop)

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
