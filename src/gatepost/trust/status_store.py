"""The status page's SQL: samples and whole hours. Every transaction is the public trust log's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gatepost.db import Transaction
from gatepost.ids import EntryId
from gatepost.trust.uptime import Component, Hour, Sample


async def add_samples(tx: Transaction, samples: Sequence[Sample], *, every_s: int) -> None:
    """Keep what rounds of probes of one cadence saw; a sample kept already stays as it is."""
    query = """
        insert into status_sample (tenant, component, at, is_up, latency_ms, reason, every_s)
        values (%(tenant)s, %(component)s, %(at)s, %(is_up)s, %(latency_ms)s, %(reason)s, %(every_s)s)
        on conflict do nothing
    """
    for each in samples:
        await tx.run(
            query,
            component=each.component.value,
            at=each.at,
            is_up=each.is_up,
            latency_ms=each.latency_ms,
            reason=each.reason,
            every_s=every_s,
        )


async def newest(tx: Transaction, now: datetime) -> dict[Component, Sample]:
    """Return each part's newest sample; one dated ahead was seen under a clock that was wrong, and says nothing."""
    query = """
        select distinct on (component) * from status_sample
        where tenant = %(tenant)s and at <= %(now)s order by component, at desc
    """
    return {sample.component: sample for sample in map(_sample, await tx.all(query, now=now))}


async def samples(tx: Transaction, since: datetime, until: datetime) -> list[Sample]:
    """Return the samples from ``since`` up to, but not at, ``until``, oldest first."""
    query = """
        select * from status_sample where tenant = %(tenant)s and at >= %(since)s and at < %(until)s order by at
    """
    return [_sample(row) for row in await tx.all(query, since=since, until=until)]


async def forget_samples(tx: Transaction, before: datetime) -> int:
    """Forget samples older than that."""
    return await tx.run("delete from status_sample where tenant = %(tenant)s and at < %(before)s", before=before)


async def add_hours(tx: Transaction, hours: Sequence[Hour], entry: EntryId) -> None:
    """Keep whole hours, with the entry that states them; one that was stated before, by a clock ahead, stays."""
    query = """
        insert into status_hour (tenant, component, hour, probes, up, p50_ms, p95_ms, every_s, entry)
        values (%(tenant)s, %(component)s, %(hour)s, %(probes)s, %(up)s, %(p50_ms)s, %(p95_ms)s, %(every_s)s, %(entry)s)
        on conflict do nothing
    """
    for each in hours:
        await tx.run(
            query,
            component=each.component.value,
            hour=each.hour,
            probes=each.probes,
            up=each.up,
            p50_ms=each.p50_ms,
            p95_ms=each.p95_ms,
            every_s=each.every_s,
            entry=entry,
        )


async def last_hour(tx: Transaction, now: datetime) -> datetime | None:
    """Return the newest hour kept that has begun."""
    query = "select max(hour) as hour from status_hour where tenant = %(tenant)s and hour <= %(now)s"
    row = await tx.one(query, now=now)
    return row.hour  # type: ignore[no-any-return]  # a row's columns are not typed


async def hours(tx: Transaction, since: datetime) -> list[Hour]:
    """Return the whole hours since then, and those of the last one before: from then on probes were due."""
    query = """
        select * from status_hour where tenant = %(tenant)s and hour >= coalesce(
          (select max(hour) from status_hour where tenant = %(tenant)s and hour < %(since)s), %(since)s
        ) order by hour
    """
    return [
        Hour(
            component=Component(row.component),
            hour=row.hour,
            probes=row.probes,
            up=row.up,
            p50_ms=row.p50_ms,
            p95_ms=row.p95_ms,
            every_s=row.every_s,
        )
        for row in await tx.all(query, since=since)
    ]


async def incidents(tx: Transaction, prefix: str, since: datetime, limit: int) -> list[EntryId]:
    """Return every fact about the incidents of which one was stated since then, oldest first; so many at most."""
    query = """
        select entry from trust_fact
        where tenant = %(tenant)s and subject in (
          select distinct subject from trust_fact
          where tenant = %(tenant)s and subject >= %(prefix)s and subject < %(prefix)s || chr(1114111)
            and at >= %(since)s
        )
        order by entry desc limit %(limit)s
    """
    rows = await tx.all(query, prefix=prefix, since=since, limit=limit)
    return sorted(EntryId(row.entry) for row in rows)


def _sample(row: Any) -> Sample:
    return Sample(
        component=Component(row.component),
        at=row.at,
        is_up=row.is_up,
        latency_ms=row.latency_ms,
        reason=row.reason,
        every_s=row.every_s,
    )
