"""Indexing: work after the commit that accepting never waits for, tenant by tenant and a piece at a time.

It rests for a second, so that what comes meanwhile is indexed together. Where more than a piece waited it goes on after
as long a rest as it worked. While others want the processors (``pressure``) it makes way: two indexers take a twentieth
of one, for half a minute; what waits longer gets a third, and more the longer it waits. So it is done within a minute,
unless more comes than can be indexed at all.
Any number of processes may run one; each tenant's queue is worked at under a lock.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ClassVar

import structlog

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import TenantId
from gatepost.jobs.pause import pause
from gatepost.jobs.pressure import Pressure
from gatepost.keys import ErasedError, KeyringError, KeysUnusableError

POLL_S = 1.0
YIELD_S = 30.0
"""How long what waits may wait for those who want the processors now."""
LONGEST_S = 5.0
"""Of a rest: what is destroyed meanwhile is forgotten after it."""
REST, YIELDING, LATE = 1.0, 39.0, 2.0
"""How long a rest is, as a multiple of the work before it: while more waits; making way; where something waited
``YIELD_S``, and the less the longer it waited."""

log = structlog.get_logger()


class Resting(ABC):
    """What two indexers have in common; each knows its own queue, and what is forgotten when keys are destroyed."""

    name: ClassVar[str]
    """What is indexed, for the log."""

    def __init__(self, db: Database, pressure: Pressure | None = None) -> None:
        """``pressure``: one for all that run in this process, which none of them takes for its own."""
        self._db = db
        self._pressure = pressure or Pressure()
        self._destructions: int | None = None
        self._unswept: set[TenantId] = set()  # tenants of whose words some are to be forgotten
        self._done_s: float | None = None
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
        """Index until ``stop`` is set; a database or keys that are out of use, or what does not open, only delay it."""
        while not stop.is_set():
            pause_s = POLL_S
            with suppress(DatabaseUnavailableError, KeysUnusableError):
                pause_s = await self.turn(asyncio.get_running_loop().time)
            await pause(stop, pause_s)

    async def turn(self, clock: Callable[[], float]) -> float:
        """Sweep and index one piece of each tenant; return how many seconds to rest.

        Args:
            clock: seconds that pass.
        """
        began_s = clock()
        if self._done_s is None:
            self._done_s = began_s - YIELD_S  # nobody knows how long it waited for a house to start
        await self.sweep()
        await self.round()
        now_s = clock()
        if not self.has_more:
            self._done_s = began_s  # what waits now has come since
        return self._rest_s((now_s - began_s) / self._pressure.slowness, now_s - self._done_s)

    def _rest_s(self, worked_s: float, waited_s: float) -> float:
        """Return how long to rest.

        Args:
            worked_s: how long the work would have taken alone.
            waited_s: how long the oldest that is left waits, at most.
        """
        if self._pressure.is_busy and waited_s < YIELD_S:
            return min(max(YIELDING * worked_s, 0.0 if self.has_more else POLL_S), LONGEST_S)
        if not self.has_more:
            return POLL_S
        times = LATE * YIELD_S / waited_s if self._pressure.is_busy else REST
        return min(times * worked_s, POLL_S)

    async def sweep(self) -> int:
        """Where keys were destroyed since the last time, forget the tokens of what they sealed; return of how much.

        A tenant with whom that fails has its turn again the next time.
        """
        seen = self._db.keys.destructions
        if seen != self._destructions:
            self._unswept.update(await self.indexed())
            self._destructions = seen
        gone = 0
        for tenant in sorted(self._unswept):
            try:
                gone += await self.forget_surely(tenant)
            except (KeyringError, ErasedError) as error:
                self._delayed(tenant, error)
        return gone

    async def forget_surely(self, tenant: TenantId) -> int:
        """Forget; where that fails, ``sweep`` tries again."""
        self._unswept.add(tenant)
        gone = await self.forget(tenant)
        self._unswept.discard(tenant)
        return gone

    async def round(self) -> int:
        """Index one piece of each tenant that is behind; return how much in all."""
        done, self.has_more = 0, False
        for tenant in await self.waiting():
            try:
                done += await self.index(tenant)
            except (KeyringError, ErasedError) as error:  # the second: it is being removed
                self._delayed(tenant, error)
        return done

    def _delayed(self, tenant: TenantId, error: Exception) -> None:
        log.warning("index.delayed", index=self.name, tenant=tenant, error=type(error).__name__)
