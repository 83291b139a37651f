"""Bodies in the object store that no decision keeps: what a crash shortly before the commit or after it leaves."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import structlog

from gatepost.blobs import Blobs
from gatepost.ids import EmailId, TenantId
from gatepost.mailbox.body import BODIES, object_path

GRACE = timedelta(days=1)
"""Younger bodies without a decision are left alone: it may be on its way, or their database about to be restored."""

Fates = Callable[[TenantId, Sequence[EmailId]], AbstractAsyncContextManager[Mapping[EmailId, bool]]]
"""Whether the decision on an email keeps its body; nothing of emails that have none. It is true until it is left."""

_Orphans = Callable[[Sequence[EmailId], Mapping[EmailId, bool]], Collection[EmailId]]

log = structlog.get_logger()


async def sweep_bodies(blobs: Blobs, fates: Fates, *, refused_before: datetime, undecided_before: datetime) -> int:
    """Remove bodies last written before then: of refused mail, and of mail that was never decided; return how many.

    An arrival's id is its own, so what was refused stays refused: its body may go at any age, also while the house
    that refused it is about to take it away. What is undecided may be under way, and needs an age to be judged by.

    Raises:
        BlobsUnavailableError: the store does not answer; what was removed was an orphan.
        DatabaseUnavailableError: the same of the database.
    """
    count = await blobs.tidy(BODIES, undecided_before)
    count += await _remove(blobs, fates, _refused, refused_before)
    return count + await _remove(blobs, fates, _unkept, undecided_before)


def _refused(emails: Sequence[EmailId], known: Mapping[EmailId, bool]) -> list[EmailId]:
    return [email for email in emails if known.get(email) is False]


def _unkept(emails: Sequence[EmailId], known: Mapping[EmailId, bool]) -> list[EmailId]:
    return [email for email in emails if not known.get(email)]


async def _remove(blobs: Blobs, fates: Fates, orphans: _Orphans, before: datetime) -> int:
    count = 0
    async for paths in blobs.names(BODIES, before):
        by_tenant: defaultdict[TenantId, list[EmailId]] = defaultdict(list)
        for path in paths:
            _, tenant, _, email = path.split("/")
            by_tenant[TenantId(tenant)].append(EmailId(email))
        for tenant, emails in by_tenant.items():
            async with fates(tenant, emails) as known:
                for email in orphans(emails, known):
                    await blobs.remove(object_path(tenant, email))
                    log.warning("body.swept", tenant=tenant, email=email)
                    count += 1
    return count
