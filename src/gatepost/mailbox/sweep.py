"""Bodies in the object store that no decision keeps: what a crash shortly before the commit or after it leaves."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from gatepost.blobs import Blobs
from gatepost.ids import EmailId, TenantId
from gatepost.mailbox.body import BODIES, object_path

GRACE = timedelta(days=1)
"""Younger bodies without a decision are left alone: it may be on its way, or their database about to be restored."""

Fates = Callable[[TenantId, Sequence[EmailId]], Awaitable[Mapping[EmailId, bool]]]
"""Whether the decision on an email keeps its body; nothing of emails that have none."""

_Orphans = Callable[[TenantId, Sequence[EmailId]], Awaitable[Collection[EmailId]]]

log = structlog.get_logger()


async def sweep_bodies(blobs: Blobs, fates: Fates, *, refused_before: datetime, undecided_before: datetime) -> int:
    """Remove bodies last written before then: of refused mail, and of mail that was never decided; return how many.

    An arrival's id is its own, so what was refused stays refused: its body may go at any age, also while the house
    that refused it is about to take it away. What is undecided may be under way, and needs an age to be judged by.

    Raises:
        BlobsUnavailableError: the store does not answer; what was removed was an orphan.
        DatabaseUnavailableError: the same of the database.
    """

    async def refused(tenant: TenantId, emails: Sequence[EmailId]) -> list[EmailId]:
        return [email for email, is_kept in (await fates(tenant, emails)).items() if not is_kept]

    async def unkept(tenant: TenantId, emails: Sequence[EmailId]) -> list[EmailId]:
        known = await fates(tenant, emails)
        return [email for email in emails if not known.get(email)]

    count = await blobs.tidy(BODIES, undecided_before)
    count += await _remove(blobs, refused, refused_before)
    return count + await _remove(blobs, unkept, undecided_before)


async def _remove(blobs: Blobs, orphans: _Orphans, before: datetime) -> int:
    count = 0
    async for paths in blobs.names(BODIES, before):
        by_tenant: defaultdict[TenantId, list[EmailId]] = defaultdict(list)
        for path in paths:
            _, tenant, _, email = path.split("/")
            by_tenant[TenantId(tenant)].append(EmailId(email))
        for tenant, emails in by_tenant.items():
            for email in await orphans(tenant, emails):
                await blobs.remove(object_path(tenant, email))
                log.warning("body.swept", tenant=tenant, email=email)
                count += 1
    return count
