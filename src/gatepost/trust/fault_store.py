"""The SQL of errors nobody expected. Every transaction is the public trust log's."""

from collections.abc import Sequence
from datetime import datetime

from gatepost.db import Transaction
from gatepost.trust.fault import Fault


async def add(tx: Transaction, faults: Sequence[Fault], kinds_max: int) -> None:
    """Count errors, each with those of its kind; a new kind only while there are fewer than ``kinds_max``."""
    query = """
        insert into trust_fault (tenant, fingerprint, kind, place, during, count, first_at, last_at)
        select %(tenant)s, %(fingerprint)s, %(kind)s, %(place)s, %(during)s, %(count)s, %(first_at)s, %(last_at)s
        where exists (select 1 from trust_fault where tenant = %(tenant)s and fingerprint = %(fingerprint)s)
           or (select count(*) from trust_fault where tenant = %(tenant)s) < %(kinds_max)s
        on conflict (tenant, fingerprint) do update set
          count = trust_fault.count + %(count)s, place = %(place)s,
          last_at = greatest(trust_fault.last_at, %(last_at)s)
    """
    for each in faults:
        await tx.run(
            query,
            fingerprint=each.fingerprint,
            kind=each.kind,
            place=each.place,
            during=each.during,
            count=each.count,
            first_at=each.first_at,
            last_at=each.last_at,
            kinds_max=kinds_max,
        )


async def read(tx: Transaction, limit: int) -> list[Fault]:
    """Return kinds of error, the latest first."""
    query = "select * from trust_fault where tenant = %(tenant)s order by last_at desc, fingerprint limit %(limit)s"
    return [
        Fault(
            fingerprint=row.fingerprint,
            kind=row.kind,
            place=row.place,
            during=row.during,
            count=row.count,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in await tx.all(query, limit=limit)
    ]


async def forget(tx: Transaction, before: datetime) -> int:
    """Forget kinds that came last before then."""
    return await tx.run("delete from trust_fault where tenant = %(tenant)s and last_at < %(before)s", before=before)


async def remove(tx: Transaction, fingerprint: str) -> bool:
    """Forget one kind."""
    query = "delete from trust_fault where tenant = %(tenant)s and fingerprint = %(fingerprint)s"
    return await tx.run(query, fingerprint=fingerprint) == 1
