"""Work promised inside a transaction, done after it commits: leases, retries, order per key."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gatepost.clock import Clock
from gatepost.db import Database, Transaction
from gatepost.ids import JobId, TenantId


@dataclass(frozen=True, slots=True)
class Promise:
    """Work to do: ``kind`` names the handler, ``key`` what must not run twice at once, ``body`` holds ids only."""

    kind: str
    key: str
    body: Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A promise being kept; ``attempt`` counts from 1."""

    id: JobId
    tenant: TenantId
    kind: str
    key: str
    body: Mapping[str, str | int]
    attempt: int
    promised_at: datetime


class TryAgainError(Exception):
    """The handler could not finish; run it again ``at`` that time."""

    def __init__(self, at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.at = at


Handler = Callable[[Job], Awaitable[None]]
"""Does the work. May run twice, so it begins by asking whether it is already done."""


class Jobs:
    """The outbox."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def enqueue(self, tx: Transaction, promise: Promise, *, at: datetime | None = None) -> JobId:
        """Promise work with the transaction; it becomes due when that commits, or ``at`` a later time."""
        raise NotImplementedError

    async def run(self, handlers: Mapping[str, Handler], stop: asyncio.Event) -> None:
        """Keep promises until ``stop`` is set, several at once, one per key."""
        raise NotImplementedError
