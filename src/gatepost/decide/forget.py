"""Counts that no window reaches any more go, apart from the mail that made them: the accept path only ever adds."""

from datetime import datetime, timedelta

from gatepost import access
from gatepost.db import Database
from gatepost.decide import store

KEPT = timedelta(days=2)
"""Twice the longest window: a message that waited long is judged as of the time it was received."""


async def forget_counts(db: Database, now: datetime) -> None:
    """Forget every tenant's counts of mail received more than two days ago."""
    for tenant in await access.list_tenants(db):
        async with db.transaction(tenant.id) as tx:
            await store.forget_messages(tx, now - KEPT)
