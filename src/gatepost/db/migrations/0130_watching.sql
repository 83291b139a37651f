-- What the house must know of itself across all tenants: how far work lags behind, and which release wrote the schema.

-- Where the sequencer and the jobs stand. Numbers stop counting at 100,000: a scrape must not walk through a backlog.
create function lookup_backlog(now timestamptz)
returns table (entries_waiting bigint, entries_oldest timestamptz, jobs_waiting bigint, jobs_due bigint,
               jobs_oldest timestamptz, jobs_dead bigint)
language sql stable security definer as $$
  select
    (select count(*) from (select from unsequenced limit 100000) as bounded),
    (select at from entry where id = (select min(entry) from unsequenced)),
    (select count(*) from (select from job limit 100000) as bounded),
    (select count(*) from (select from job where behind is null and due_at <= now limit 100000) as bounded),
    (select min(due_at) from job where behind is null and leased_until is null and due_at <= now),
    (select count(*) from (select from dead_job limit 100000) as bounded)
$$;
create policy lookup on entry to gatepost_lookup using (true);
grant select (id, at) on entry to gatepost_lookup;
select lookup_table('dead_job', 'select'), lookup_function('lookup_backlog(timestamptz)');

-- The serving program compares this list with its own before it serves.
create function lookup_schema() returns setof text
language sql stable security definer
as $$ select name from schema_migration $$;
grant select on schema_migration to gatepost_lookup;
select lookup_function('lookup_schema()');
