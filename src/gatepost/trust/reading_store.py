"""SQL on how far each log was read again, in transactions of the public trust log."""

from gatepost.db import Transaction
from gatepost.ids import TenantId
from gatepost.trust.reading import Reading


async def read(tx: Transaction, log: TenantId) -> Reading | None:
    """Return how far a log was read; None before the first look."""
    query = "select * from log_reading where tenant = %(tenant)s and log = %(log)s"
    row = await tx.maybe(query, log=log)
    if row is None:
        return None
    return Reading(
        next_bundle=row.next_bundle,
        looked_at=row.looked_at,
        since=row.since,
        whole_at=row.whole_at,
        bundles=tuple(row.bundles),
        heads=tuple(row.heads),
    )


async def keep(tx: Transaction, log: TenantId, reading: Reading) -> None:
    """Keep how far a log was read, in place of what was kept before."""
    query = """
        insert into log_reading (tenant, log, next_bundle, looked_at, since, whole_at, bundles, heads)
        values (%(tenant)s, %(log)s, %(next)s, %(looked_at)s, %(since)s, %(whole_at)s,
                %(bundles)s::bigint[], %(heads)s::bigint[])
        on conflict (tenant, log) do update set
          next_bundle = excluded.next_bundle, looked_at = excluded.looked_at, since = excluded.since,
          whole_at = excluded.whole_at, bundles = excluded.bundles, heads = excluded.heads
    """
    await tx.run(
        query,
        log=log,
        next=reading.next_bundle,
        looked_at=reading.looked_at,
        since=reading.since,
        whole_at=reading.whole_at,
        bundles=list(reading.bundles),
        heads=list(reading.heads),
    )
