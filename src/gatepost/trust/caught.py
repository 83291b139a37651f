"""Errors nobody expected: noted by what they are and where they were raised, and never by what they say.

Whoever catches one logs it as ``Raised``; a ``Book`` stands among the processors of the log and counts. It is
written down every few seconds, by each process of the house for itself; a row is one kind of error at one place.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from structlog.typing import EventDict, WrappedLogger

from gatepost.clock import Clock
from gatepost.db import Database
from gatepost.meters import Raised
from gatepost.record.trust_log import TRUST
from gatepost.trust import fault_store
from gatepost.trust.fault import Fault, fault_of

KINDS_MAX = 200
"""Rows a book holds, and a house keeps: an error at ever new places must not fill either."""
KEPT = timedelta(days=90)
DAY = timedelta(days=1)


class Book:
    """One process's errors since they were written down last. A structlog processor."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: dict[str, Fault] = {}

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Note the exception an event carries, if it carries one."""
        raised = event.get("error")
        if isinstance(raised, Raised):
            self.note(raised.error, str(event.get("event", "")))
        return event

    def note(self, error: BaseException, during: str) -> None:
        """Count an exception; of a group, each that it holds."""
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                self.note(each, during)
            return
        fresh = fault_of(error, during, self._clock())
        known = self._faults.get(fresh.fingerprint)
        if known is not None:
            fresh = replace(fresh, count=known.count + 1, first_at=known.first_at)
        elif len(self._faults) >= KINDS_MAX:
            return
        self._faults[fresh.fingerprint] = fresh

    async def write(self, db: Database) -> None:
        """Write down what was noted. Raises ``DatabaseUnavailableError``: then it is kept for the next time."""
        noted, self._faults = self._faults, {}
        if not noted:
            return
        try:
            async with db.transaction(TRUST) as tx:
                await fault_store.add(tx, sorted(noted.values(), key=lambda each: each.fingerprint), KINDS_MAX)
        except BaseException:
            for each in self._faults.values():
                before = noted.get(each.fingerprint, replace(each, count=0))
                noted[each.fingerprint] = replace(each, count=each.count + before.count, first_at=before.first_at)
            self._faults = noted
            raise


async def read_faults(db: Database) -> list[Fault]:
    """Return every kind of error that is remembered, the latest first."""
    async with db.transaction(TRUST) as tx:
        return await fault_store.read(tx, KINDS_MAX)


async def forget(db: Database, now: datetime) -> int:
    """Forget kinds of error that have not come for long; return how many."""
    async with db.transaction(TRUST) as tx:
        return await fault_store.forget(tx, now - KEPT)


async def clear(db: Database, fingerprint: str) -> bool:
    """Forget one kind, as after it was mended; False where there is none. If it comes again it is new."""
    async with db.transaction(TRUST) as tx:
        return await fault_store.remove(tx, fingerprint)


def recent(faults: Sequence[Fault], now: datetime) -> list[Fault]:
    """Return those that came within a day."""
    return [each for each in faults if now - each.last_at < DAY]
