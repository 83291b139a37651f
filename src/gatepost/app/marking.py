"""Whose the object store is: by its mark, or by the log it holds where it has none yet (docs/adr/0083)."""

from datetime import datetime
from functools import partial

from gatepost.blobs import Blobs
from gatepost.blobs.mark import MarkedBlobs
from gatepost.clock import Clock
from gatepost.db import Database
from gatepost.record import log_store


def marked(blobs: Blobs, db: Database, clock: Clock) -> MarkedBlobs:
    """Return the store as the house uses it: it takes nothing unless it is the one this database knows."""
    return MarkedBlobs(blobs, db.keys.id, partial(is_ours, blobs, db, clock))


async def is_ours(blobs: Blobs, db: Database, clock: Clock) -> bool:
    """Tell whether a store without a mark is this house's: it holds a log the database has signed, or none was signed.

    All that a checkpoint covers was durable in the store before it was signed, so one log tells.

    Raises:
        BlobsUnavailableError: the store does not answer.
        DatabaseUnavailableError: the same of the database.
    """
    for tenant in await log_store.tenants_with_log(db):
        async with db.transaction(tenant) as tx:
            if await log_store.last_checkpoint(tx) is None:
                continue
        return await _holds_any(blobs, f"log/{tenant}", clock().replace(year=9999))
    return True


async def _holds_any(blobs: Blobs, prefix: str, before: datetime) -> bool:
    async for names in blobs.names(prefix, before):
        if names:
            return True
    return False
