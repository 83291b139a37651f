"""Indexing: work after the commit that accepting never waits for, tenant by tenant and a piece at a time.

It rests for a second, so that what comes meanwhile is indexed together. Where more than a piece waited it rests twice
as long as it worked: at most a third of one processor, while entries or mail come in faster than they are indexed. Any
number of processes may run one; each tenant's queue is worked at under a lock.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

import structlog

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import TenantId
from gatepost.jobs.pause import pause
from gatepost.keys import ErasedError, KeyringError

POLL_S = 1.0
REST = 2.0
"""How long a rest is while more waits, as a multiple of the work before it."""

log = structlog.get_logger()


class Resting(ABC):
    """What two indexers have in common; each knows its own queue, and what is forgotten when keys are destroyed."""

    name: ClassVar[str]
    """What is indexed, for the log."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._destructions: int | None = None
        self.has_more = False
        """In the last round some tenant had more than one piece."""

    @abstractmethod
    async def waiting(self) -> Sequence[TenantId]:
        """Return the tenants that have something to index."""

    @abstractmethod
    async def indexed(self) -> Sequence[TenantId]:
        """Return the tenants that have something indexed."""

    @abstractmethod
    async def index(self, tenant: TenantId) -> int:
        """Index a tenant's next piece; return how much, 0 where another process is at it; set ``has_more``."""

    @abstractmethod
    async def forget(self, tenant: TenantId) -> int:
        """Forget the tokens of what nobody can open any more; return of how much."""

    async def run(self, stop: asyncio.Event) -> None:
        """Index until ``stop`` is set; a database that is away, or what does not open, only delays it."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            pause_s = POLL_S
            with suppress(DatabaseUnavailableError):
                began = loop.time()
                await self.sweep()
                await self.round()
                if self.has_more:
                    pause_s = min(REST * (loop.time() - began), POLL_S)
            await pause(stop, pause_s)

    async def sweep(self) -> int:
        """Where keys were destroyed since the last time, forget the tokens of what they sealed; return of how much."""
        seen = self._db.keys.destructions
        if seen == self._destructions:
            return 0
        gone = 0
        for tenant in await self.indexed():
            gone += await self.forget(tenant)
        self._destructions = seen
        return gone

    async def round(self) -> int:
        """Index one piece of each tenant that is behind; return how much in all."""
        done, self.has_more = 0, False
        for tenant in await self.waiting():
            try:
                done += await self.index(tenant)
            except (KeyringError, ErasedError) as error:  # the second: it is being removed
                log.warning("index.delayed", index=self.name, tenant=tenant, error=type(error).__name__)
        return done
