-- What accepting adds to is asked by somebody (docs/adr/0126). A thread's decisions are found as all entries are, by their
-- tokens, and nobody asks what a decision answers.
drop index decision_row_thread;
drop index decision_row_answers;

-- The queue to the log is taken tenant by tenant: one index instead of two for a row that lives for a second.
drop index unsequenced_tenant;
alter table unsequenced drop constraint unsequenced_pkey;
alter table unsequenced add primary key (tenant, entry);

-- Tenants whose log has something to do, each found by one step through the index.
create or replace function lookup_unsequenced() returns setof text
language sql stable security definer as $$
  with recursive waiting as (
    (select tenant from unsequenced order by tenant limit 1)
    union all
    select (select next.tenant from unsequenced as next where next.tenant > waiting.tenant order by next.tenant limit 1)
    from waiting where waiting.tenant is not null
  )
  select tenant from waiting where tenant is not null
$$;

-- As before; the oldest entry is the oldest of each tenant's first.
create or replace function lookup_backlog(now timestamptz)
returns table (entries_waiting bigint, entries_oldest timestamptz, jobs_waiting bigint, jobs_due bigint,
               jobs_oldest timestamptz, jobs_dead bigint)
language sql stable security definer as $$
  select
    (select count(*) from (select from unsequenced limit 100000) as bounded),
    (select at from entry where id = (
      select min(first.entry) from lookup_unsequenced() as waiting (tenant) cross join lateral (
        select entry from unsequenced where unsequenced.tenant = waiting.tenant order by entry limit 1) as first)),
    (select count(*) from (select from job limit 100000) as bounded),
    (select count(*) from (select from job where behind is null and due_at <= now limit 100000) as bounded),
    (select min(due_at) from job where behind is null and leased_until is null and due_at <= now),
    (select count(*) from (select from dead_job limit 100000) as bounded)
$$;

select lookup_function('lookup_unsequenced()'), lookup_function('lookup_backlog(timestamptz)');
