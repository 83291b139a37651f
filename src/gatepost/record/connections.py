"""Outgoing connections in the record: those opened are counted, those refused have entries.

Of one kind of refusal (purpose, id, rule) the first in an hour makes its entry within seconds; those after it are
counted and make one more when the hour is over. So a receiver that is tried a thousand times fills no log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from gatepost.clock import Clock, Entropy
from gatepost.db import Database, DatabaseUnavailableError, Transaction
from gatepost.egress import Egress, Refused, Tally, Times
from gatepost.ids import TenantId
from gatepost.jobs.pause import pause
from gatepost.record import connection_store as store
from gatepost.record import store as entries
from gatepost.record.connection_store import Counted
from gatepost.record.entry import consequence_draft, timestamp
from gatepost.record.paper import Consequence, Kind
from gatepost.record.refusals import hour_of

__all__ = ["Counted", "connections", "keep_connections", "settle_connections", "write_connections"]

WRITE_EVERY_S = 5.0
_GRACE = timedelta(minutes=2)  # an earlier write of the old hour may still be under way


async def connections(tx: Transaction) -> list[Counted]:
    """Return what was opened on this tenant's behalf; the house's own are the first tenant's."""
    return await store.opened(tx)


async def write_connections(db: Database, egress: Egress, *, operator: TenantId | None, entropy: Entropy) -> None:
    """Write what ``egress`` has counted since the last time.

    What cannot be written stays with it: a database that is away, or the house's own connections while there is no
    tenant. A count whose commit was not confirmed is written again; it may then be too high, never too low.

    Args:
        db: the house's.
        egress: the way out.
        operator: whose record holds what the house does on nobody's behalf.
        entropy: salts the entries.
    """
    tally = egress.take()
    tenants = {what.tenant for what in tally.opened} | {what.tenant for what in tally.refused}
    for tenant in tenants:
        part = Tally(
            {what: times for what, times in tally.opened.items() if what.tenant == tenant},
            {what: times for what, times in tally.refused.items() if what.tenant == tenant},
        )
        owner = tenant or operator
        try:
            if owner is None:
                egress.put_back(part)
            else:
                await _write(db, owner, part, entropy)
        except DatabaseUnavailableError:
            egress.put_back(part)


async def _write(db: Database, tenant: TenantId, tally: Tally, entropy: Entropy) -> None:
    async with db.transaction(tenant) as tx:
        if tally.opened:
            await store.add_opened(tx, tally.opened)
        if not tally.refused:
            return
        counted = {
            (hour_of(times.last_at), replace(what, tenant=tenant)): times for what, times in tally.refused.items()
        }
        first = await store.add_refused(tx, [(hour, what, times) for (hour, what), times in counted.items()])
        await _enter(tx, [(what, counted[hour, what]) for hour, what in first], entropy)


async def _enter(tx: Transaction, refused: Iterable[tuple[Refused, Times]], entropy: Entropy) -> None:
    drafts = []
    for what, times in refused:
        said = Consequence(
            kind=Kind.EGRESS,
            action="egress.refused",
            actor="house",
            at=times.last_at,
            object_ref=what.ref,
            public={
                "purpose": what.purpose.value,
                "rule": what.rule.value,
                "count": times.count,
                "first_at": timestamp(times.first_at),
            },
        )
        drafts.append((consequence_draft(tx.tenant, said, entropy=entropy), entries.Columns(action=said.action)))
    if drafts:
        await entries.append(tx, drafts)


async def settle_connections(db: Database, now: datetime, *, entropy: Entropy) -> None:
    """Make the entries of what was refused again and again in past hours."""
    before = hour_of(now - _GRACE)
    for tenant in await store.tenants_with_refused(db, before):
        async with db.transaction(tenant) as tx:
            taken = await store.take_refused(tx, before)
            await _enter(tx, [(what, Times(count, hour, last_at)) for hour, what, count, last_at in taken], entropy)


async def keep_connections(
    db: Database,
    egress: Egress,
    operator: Callable[[], Awaitable[TenantId | None]],
    clock: Clock,
    entropy: Entropy,
    stop: asyncio.Event,
) -> None:
    """Write counts every few seconds until ``stop`` is set; a database away for a while only delays it."""
    while not stop.is_set():
        with suppress(DatabaseUnavailableError):
            await write_connections(db, egress, operator=await operator(), entropy=entropy)
            await settle_connections(db, clock(), entropy=entropy)
        await pause(stop, WRITE_EVERY_S)
    with suppress(DatabaseUnavailableError):
        await write_connections(db, egress, operator=await operator(), entropy=entropy)
