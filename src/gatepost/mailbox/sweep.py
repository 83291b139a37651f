"""Bodies in the object store that no decision names: what a crash between the object and the commit leaves behind."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.clock import Clock
from gatepost.db import DatabaseUnavailableError
from gatepost.ids import EmailId, TenantId
from gatepost.mailbox.body import BODIES, object_path

EVERY = timedelta(days=1)
GRACE = timedelta(days=1)
"""Younger bodies are left alone: their decision may be on its way, or their database about to be restored."""

Named = Callable[[TenantId, Sequence[EmailId]], Awaitable[Collection[EmailId]]]
"""Which of these emails have a decision that keeps their body."""

log = structlog.get_logger()


async def sweep_bodies(blobs: Blobs, named: Named, before: datetime) -> int:
    """Remove bodies last written before then that no decision names; return how many.

    Raises:
        BlobsUnavailableError: the store does not answer; what was removed was an orphan.
        DatabaseUnavailableError: the same of the database.
    """
    count = await blobs.tidy(BODIES, before)
    async for paths in blobs.names(BODIES, before):
        by_tenant: defaultdict[TenantId, list[EmailId]] = defaultdict(list)
        for path in paths:
            _, tenant, _, email = path.split("/")
            by_tenant[TenantId(tenant)].append(EmailId(email))
        for tenant, emails in by_tenant.items():
            kept = await named(tenant, emails)
            for email in emails:
                if email not in kept:
                    await blobs.remove(object_path(tenant, email))
                    log.warning("body.swept", tenant=tenant, email=email)
                    count += 1
    return count


async def sweep_bodies_daily(blobs: Blobs, named: Named, clock: Clock, stop: asyncio.Event) -> None:
    """Sweep at once and then each day until ``stop`` is set; a store or a database that is away only delays it."""
    while not stop.is_set():
        with suppress(BlobsUnavailableError, DatabaseUnavailableError):
            await sweep_bodies(blobs, named, clock() - GRACE)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY.total_seconds())
