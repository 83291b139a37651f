"""The outbox's queries. A settled run is named by job and attempt: whoever lost the lease settles nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from gatepost.db import Transaction
from gatepost.ids import JobId, TenantId
from gatepost.jobs.promise import DeadJob, Job, Promise, WaitingJob

CHANNEL = "gatepost_jobs"


@dataclass(frozen=True, slots=True)
class Leased:
    """A job that is ours until the lease ends; ``failures``: unexpected ends in a row before this run."""

    job: Job
    failures: int


async def insert(
    tx: Transaction, promises: Sequence[Promise], *, promised_at: datetime, due_at: datetime, hint: bool
) -> list[JobId]:
    """Write promises, no two of one kind and key, in one statement; return their jobs in the order given.

    With ``hint``, the workers are told when the transaction commits. ``lookup_job_ahead`` lets nobody end the job ahead
    between our look at it and our commit.
    """
    query = """
        with promised as materialized (
          select * from jsonb_to_recordset(%(promised)s) as given (place int, kind text, key text, body jsonb)
        ), ahead as materialized (
          select place, lookup_job_ahead(kind, key) as id from promised
        ), made as (
          insert into job (tenant, kind, key, body, promised_at, due_at, behind)
          select %(tenant)s, kind, key, body, %(promised_at)s, %(due_at)s, ahead.id
          from promised left join ahead using (place) order by place
          returning id, kind, key
        ), hinted as materialized (
          select pg_notify(%(channel)s, '') where %(hint)s
        )
        select made.id from made join promised using (kind, key) left join hinted on true order by place
    """
    rows = [
        {"place": place, "kind": promise.kind, "key": promise.key, "body": dict(promise.body)}
        for place, promise in enumerate(promises)
    ]
    made = await tx.all(
        query,
        promised=Jsonb(rows, dumps=orjson.dumps),
        promised_at=promised_at,
        due_at=due_at,
        hint=hint,
        channel=CHANNEL,
    )
    return [JobId(row.id) for row in made]


async def lease(
    tx: Transaction, kinds: Sequence[str], *, at: datetime, until: datetime, wanted: int
) -> tuple[Leased, ...]:
    """Take due jobs of any tenant."""
    query = "select * from lookup_lease_jobs(%(kinds)s, %(at)s, %(until)s, %(wanted)s)"
    rows = await tx.all(query, kinds=list(kinds), at=at, until=until, wanted=wanted)
    return tuple(_leased(row) for row in rows)


def _leased(row: Any) -> Leased:
    body: Mapping[str, str | int] = row.body
    job = Job(
        id=JobId(row.id),
        tenant=TenantId(row.tenant),
        kind=row.kind,
        key=row.key,
        body=body,
        attempt=row.attempt,
        promised_at=row.promised_at,
    )
    return Leased(job, row.failures)


async def renew(tx: Transaction, jobs: Sequence[Job], *, until: datetime) -> None:
    """Prolong the leases of runs that are alive."""
    query = "select lookup_renew_jobs(%(ids)s, %(attempts)s, %(until)s)"
    await tx.run(query, ids=[job.id for job in jobs], attempts=[job.attempt for job in jobs], until=until)


async def finish(tx: Transaction, jobs: Sequence[Job]) -> frozenset[JobId]:
    """Forget jobs that are done; return which, for a lease may have been lost."""
    query = """
        delete from job using unnest(%(ids)s::bigint[], %(attempts)s::integer[]) as run (id, attempt)
        where tenant = %(tenant)s and job.id = run.id and job.attempt = run.attempt returning job.id
    """
    rows = await tx.all(query, ids=[job.id for job in jobs], attempts=[job.attempt for job in jobs])
    return frozenset(JobId(row.id) for row in rows)


async def put_back(tx: Transaction, job: Job, *, due_at: datetime, failures: int, reason: str | None) -> bool:
    """End the lease and make the job due again; False where the lease was lost."""
    query = """
        update job set leased_until = null, due_at = %(due_at)s, failures = %(failures)s, reason = %(reason)s
        where tenant = %(tenant)s and id = %(id)s and attempt = %(attempt)s
    """
    values = {"due_at": due_at, "failures": failures, "reason": reason}
    return bool(await tx.run(query, id=job.id, attempt=job.attempt, **values))


async def waiting(
    tx: Transaction, kind: str, keys: Sequence[str] | None, *, at: datetime, limit: int, is_locked: bool
) -> tuple[WaitingJob, ...]:
    """Return the tenant's jobs of one kind; ``is_locked``: nobody begins one until the transaction ends."""
    query = """
        select id, key, due_at, coalesce(leased_until > %(at)s, false) as is_out, reason from job
        where tenant = %(tenant)s and kind = %(kind)s and (%(keys)s::text[] is null or key = any(%(keys)s))
        order by due_at, id limit %(limit)s
    """
    rows = await tx.all(
        query + ("for update" if is_locked else ""), kind=kind, keys=keys and list(keys), at=at, limit=limit
    )
    return tuple(
        WaitingJob(id=JobId(row.id), key=row.key, due_at=row.due_at, is_out=row.is_out, reason=row.reason)
        for row in rows
    )


async def hasten(tx: Transaction, jobs: Sequence[JobId], *, at: datetime, reason: str | None) -> int:
    """Make jobs of this tenant due that were put back for ``reason`` (None: whatever it was), and tell the workers."""
    query = """
        with hastened as (
          update job set due_at = %(at)s
          where tenant = %(tenant)s and id = any(%(ids)s) and leased_until is null
            and (%(reason)s::text is null or reason = %(reason)s)
            and due_at > %(at)s
          returning id
        ), hinted as materialized (
          select pg_notify(%(channel)s, '') where exists (select from hastened)
        )
        select count(hastened.id) as count from hastened left join hinted on true
    """
    return int((await tx.one(query, ids=list(jobs), at=at, reason=reason, channel=CHANNEL)).count)


async def bury(tx: Transaction, job: Job, *, at: datetime, failures: int, reason: str) -> bool:
    """Give the job up and keep it with the reason; False where the lease was lost."""
    query = """
        with gone as (
          delete from job where tenant = %(tenant)s and id = %(id)s and attempt = %(attempt)s returning *
        )
        insert into dead_job (id, tenant, kind, key, body, promised_at, attempt, failures, reason, dead_at)
        select id, tenant, kind, key, body, promised_at, attempt, %(failures)s, %(reason)s, %(at)s from gone
    """
    return bool(await tx.run(query, id=job.id, attempt=job.attempt, at=at, failures=failures, reason=reason))


async def dead(tx: Transaction, *, limit: int) -> tuple[DeadJob, ...]:
    """Return the tenant's dead jobs, oldest first."""
    query = """
        select id, kind, key, attempt, failures, reason, dead_at from dead_job
        where tenant = %(tenant)s order by id limit %(limit)s
    """
    rows = await tx.all(query, limit=limit)
    return tuple(
        DeadJob(JobId(row.id), row.kind, row.key, row.attempt, row.failures, row.reason, row.dead_at) for row in rows
    )


async def revive(tx: Transaction, job: JobId, *, at: datetime) -> bool:
    """Make a dead job due again with fresh patience, behind what was promised since; False where there is none."""
    query = """
        with risen as (
          delete from dead_job where tenant = %(tenant)s and id = %(id)s returning *
        ), ahead as (
          select job.id from job join risen using (tenant, kind, key) order by job.id desc limit 1 for key share of job
        )
        insert into job (id, tenant, kind, key, body, promised_at, due_at, attempt, behind)
        overriding system value
        select id, tenant, kind, key, body, promised_at, %(at)s, attempt, (select id from ahead) from risen
    """
    return bool(await tx.run(query, id=job, at=at))
