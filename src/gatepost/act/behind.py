"""How far telling is behind, across all tenants: endpoints that do not answer, and what waits for them."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Database
from gatepost.ids import TenantId, WebhookId


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Numbers stop at 100,000.

    Attributes:
        waiting: events not told yet, whatever their time.
        oldest: since when the first in line of any endpoint waits; None where nothing does.
        dead: events given up and still kept, for a replay; without those whose mail was erased.
        silent: endpoints of which several attempts in a row were not heard, also those stopped for it since.
        silent_since: since when the first of them is; None where all answer.
    """

    waiting: int
    oldest: datetime | None
    dead: int
    silent: int
    silent_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """An endpoint that does not answer; nothing more is sent to one that was stopped for it."""

    tenant: TenantId
    webhook: WebhookId
    since: datetime
    is_stopped: bool


async def behind(db: Database) -> Behind:
    """Return how far telling is behind; raises ``DatabaseUnavailableError``."""
    (row,) = await db.look_up("select * from lookup_webhook_backlog()")
    return Behind(
        waiting=row.waiting, oldest=row.oldest, dead=row.dead, silent=row.silent, silent_since=row.silent_since
    )


async def silent(db: Database, limit: int) -> list[Silent]:
    """Return at most so many endpoints that do not answer, the longest silent first."""
    rows = await db.look_up("select * from lookup_silent_webhooks(%(limit)s)", limit=limit)
    return [
        Silent(tenant=TenantId(row.tenant), webhook=WebhookId(row.id), since=row.since, is_stopped=row.is_stopped)
        for row in rows
    ]
