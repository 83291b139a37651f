"""Counts that no window reaches any more go, apart from the mail that made them: the accept path only ever adds."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from gatepost import access
from gatepost.clock import Clock
from gatepost.db import Database, DatabaseUnavailableError
from gatepost.decide import outbound_store, past_store, store

KEPT = timedelta(days=2)
"""Twice the longest window: a message that waited long is judged as of the time it was received."""
KEPT_KNOWN = past_store.REPLAY_WINDOW + timedelta(days=1)
"""How long a delivered message is known again, and a day for one that waited."""

EVERY_S = 6 * 3_600


async def forget_counts(db: Database, now: datetime) -> None:
    """Forget every tenant's counts that no window reaches any more."""
    for tenant in await access.list_tenants(db):
        async with db.transaction(tenant.id) as tx:
            await store.forget_messages(tx, now - KEPT_KNOWN)
            await past_store.forget_counted(tx, now - KEPT)
            await outbound_store.forget_sent(tx, now - KEPT)


async def forget_counts_regularly(db: Database, clock: Clock, stop: asyncio.Event) -> None:
    """Forget them four times a day, until ``stop`` is set; a database away for a while only delays it."""
    while not stop.is_set():
        with suppress(DatabaseUnavailableError):
            await forget_counts(db, clock())
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_S)
