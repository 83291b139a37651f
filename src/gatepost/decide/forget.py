"""Counts that no window reaches any more go, apart from the mail that made them: the accept path only ever adds."""

from datetime import datetime, timedelta

from gatepost import access
from gatepost.db import Database
from gatepost.decide import budget_store, outbound_store, past_store, store

KEPT = timedelta(days=2)
"""Twice the longest window: a message that waited long is judged as of the time it was received."""
KEPT_KNOWN = past_store.REPLAY_WINDOW + timedelta(days=1)
"""How long a delivered message is known again, and a day for one that waited."""


async def forget_counts(db: Database, now: datetime) -> None:
    """Forget every tenant's counts, and tokens set aside, that no window reaches any more."""
    for tenant in await access.list_recorded(db):
        async with db.transaction(tenant.id) as tx:
            await store.forget_messages(tx, now - KEPT_KNOWN)
            await past_store.forget_counted(tx, now - KEPT)
            await outbound_store.forget_sent(tx, now - KEPT)
            await budget_store.forget(tx, now - KEPT)
