-- The outbox: work promised inside a transaction, leased by a worker after it commits.

-- attempt: runs begun. failures: unexpected ends in a row, a lease that ran out included.
-- leased_until: null while it waits; in the past: its worker died.
-- behind: the job of the same tenant, kind and key that was promised before it and lives. It waits for that one; the
-- foreign key sets it free when that one goes, and whoever promises behind a job that is just ending waits for that
-- end: so no order is lost and no job is forgotten, and a long queue costs nothing, for only its first is looked at.
create table job (
  id bigint generated always as identity primary key,
  tenant text not null,
  kind text not null,
  key text not null,
  body jsonb not null,
  promised_at timestamptz not null,
  due_at timestamptz not null,
  attempt integer not null default 0,
  failures integer not null default 0,
  leased_until timestamptz,
  behind bigint references job on delete set null,
  reason text
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

create index job_due on job (tenant, due_at, id) where behind is null;
create index job_order on job (tenant, kind, key, id);
create index job_behind on job (behind) where behind is not null;
create index job_leased on job (tenant, leased_until) where leased_until is not null;
-- The law itself: two jobs of one kind and key are never out at once, whatever the code believes.
create unique index job_one_at_a_time on job (tenant, kind, key) where leased_until is not null;

select tenant_table('job', 'select, insert, update, delete');
select lookup_table('job', 'select, update');

-- Jobs given up, for a person to look at and perhaps to revive.
create table dead_job (
  id bigint primary key,
  tenant text not null,
  kind text not null,
  key text not null,
  body jsonb not null,
  promised_at timestamptz not null,
  attempt integer not null,
  failures integer not null,
  reason text not null,
  dead_at timestamptz not null
);
create index on dead_job (tenant, id);
select tenant_table('dead_job', 'select, insert, delete');

-- Take up to `wanted` due jobs until `until`, across all tenants; the worker does not know whose they are.
--
-- Fair: a tenant's n-th candidate ranks behind as many jobs as that tenant has out already, so ten thousand jobs of
-- one tenant do not stand before the first of another. May return fewer than are due: ask again until there are none.
create function lookup_lease_jobs(kinds text[], at timestamptz, until timestamptz, wanted integer)
returns table (id bigint, tenant text, kind text, key text, body jsonb, attempt integer, failures integer,
               promised_at timestamptz)
language plpgsql volatile security definer as $$
#variable_conflict use_column
begin
  -- One lease at a time: it is one short statement, and two that overlapped would fight over the same rows.
  perform pg_advisory_xact_lock(7140926520);
  return query
  with recursive holder as (  -- the tenants with work, by leaping through the index
    select min(job.tenant) as tenant from job where behind is null
    union all
    select (select min(job.tenant) from job where behind is null and job.tenant > holder.tenant)
    from holder where holder.tenant is not null
  ), busy as (
    select holder.tenant,
      (select count(*) from job where job.tenant = holder.tenant and leased_until > at) as out,
      count(*) over () as tenants
    from holder
    where exists (
      select from job where job.tenant = holder.tenant and behind is null and job.due_at <= at
      and (leased_until is null or leased_until <= at))
  ), candidate as (
    select waiting.*, busy.out + row_number() over (partition by busy.tenant order by waiting.due_at, waiting.id) as rank
    from busy
    cross join lateral (
      select job.id, job.tenant, job.kind, job.key, job.due_at from job
      where job.tenant = busy.tenant and behind is null and job.due_at <= at and job.kind = any(kinds)
        and (leased_until is null or leased_until <= at)
        and not exists (
          select from job as other
          where other.tenant = job.tenant and other.kind = job.kind and other.key = job.key
            and other.leased_until is not null and other.id <> job.id)
      order by job.due_at, job.id
      limit wanted / busy.tenants + 1
    ) as waiting
  ), first as (  -- two promised at the same moment do not know of each other: neither is behind the other
    select distinct on (candidate.tenant, candidate.kind, candidate.key) candidate.id, rank, due_at
    from candidate order by candidate.tenant, candidate.kind, candidate.key, candidate.id
  ), chosen as (
    select first.id from first order by rank, due_at, id limit wanted
  ), locked as (  -- a row that is being settled this moment is not ours to take
    select job.id from job join chosen using (id)
    where behind is null and (leased_until is null or leased_until <= at)
    for update of job skip locked
  )
  update job
  set leased_until = until, attempt = job.attempt + 1, failures = job.failures + (job.leased_until is not null)::integer
  from locked where job.id = locked.id
  returning job.id, job.tenant, job.kind, job.key, job.body, job.attempt, job.failures, job.promised_at;
end $$;
select lookup_function('lookup_lease_jobs(text[], timestamptz, timestamptz, integer)');

-- Say that these runs are still alive. A run that lost its lease has another attempt's number and is not renewed.
create function lookup_renew_jobs(ids bigint[], attempts integer[], until timestamptz)
returns void
language sql volatile security definer as $$
  update job set leased_until = until
  from unnest(ids, attempts) as run (id, attempt)
  where job.id = run.id and job.attempt = run.attempt and job.leased_until is not null
$$;
select lookup_function('lookup_renew_jobs(bigint[], integer[], timestamptz)');
