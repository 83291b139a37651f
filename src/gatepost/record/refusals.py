"""Mail refused before there was a decision: counted per reason and hour, then settled into one entry."""

from datetime import datetime, timedelta
from itertools import groupby

from gatepost.clock import Entropy
from gatepost.db import Database, Transaction
from gatepost.ids import EntryId, TenantId
from gatepost.record import store
from gatepost.record.entry import consequence_draft, timestamp
from gatepost.record.paper import Consequence, Json, Kind

_GRACE = timedelta(minutes=2)  # a transaction that began in the old hour may still be counting


def hour_of(at: datetime) -> datetime:
    """Return when the hour of ``at`` began."""
    return at.replace(minute=0, second=0, microsecond=0)


async def count_refusal(db: Database, tenant: TenantId | None, reason: str, at: datetime, *, count: int = 1) -> None:
    """Count mail refused for ``reason``, a code such as ``recipient.unknown``.

    Mail that was for no tenant of ours (an attempt to relay) concerns nobody's record and is not counted.
    """
    if tenant is None:
        return
    async with db.transaction(tenant) as tx:
        await store.count_refusal(tx, hour_of(at), reason, count)


async def settle_refusals(tx: Transaction, before: datetime, *, entropy: Entropy) -> list[EntryId]:
    """Write one entry for each hour that began before ``before`` and has counters, and forget the counters.

    Both happen in the caller's transaction, so each refusal is in exactly one entry, also after a crash. A count
    that comes after its hour was settled makes a further entry for that hour, never a lost one.
    """
    taken = await store.take_refusals(tx, before)
    drafts = []
    for hour, counted in groupby(taken, key=lambda each: each[0]):
        counts: dict[str, Json] = {reason: count for _, reason, count in counted}
        settled = Consequence(
            kind=Kind.REFUSALS,
            action="refusals.counted",
            actor="house",
            at=hour,
            public={"hour": timestamp(hour), "counts": counts},
        )
        draft = consequence_draft(tx.tenant, settled, entropy=entropy)
        drafts.append((draft, store.Columns(action=settled.action)))
    return await store.append(tx, drafts) if drafts else []


async def settle_all(db: Database, now: datetime, *, entropy: Entropy) -> int:
    """Settle every tenant's past hours; return how many entries that made."""
    before = hour_of(now - _GRACE)
    made = 0
    for tenant in await store.tenants_with_refusals(db, before):
        async with db.transaction(tenant) as tx:
            made += len(await settle_refusals(tx, before, entropy=entropy))
    return made
