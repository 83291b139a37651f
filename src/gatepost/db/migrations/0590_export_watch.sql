-- Until which place of the log a destination may refuse as much as it likes: a person has said that the fault is in
-- those entries. Each is a letter; a row of refusals beyond stops it as ever.
alter table export_destination add column tolerated_to bigint not null default 0;

select lookup_table('export_letter', 'select');

-- How far each destination is behind its log, for metrics and the doctor: counts and codes, nothing that is sealed.
create function lookup_exports() returns table (
  tenant text, id text, kind text, is_stopped boolean, reason text, alert text, failures integer, rejected bigint,
  lag bigint, oldest timestamptz, letters bigint)
language sql stable security definer as $$
  select made.tenant, made.id, made.kind, made.is_stopped, made.reason, made.alert, made.failures, made.rejected,
    greatest(coalesce(last.leaf_index + 1 - made.next_index, 0), 0), first.at,
    (select count(*) from export_letter as letter where letter.tenant = made.tenant and letter.destination = made.id)
  from export_destination as made
  left join lateral (
    select leaf_index from leaf where leaf.tenant = made.tenant order by leaf_index desc limit 1) as last on true
  left join lateral (
    select entry.at from leaf join entry on entry.id = leaf.entry
    where leaf.tenant = made.tenant and leaf.leaf_index = made.next_index) as first on true
  order by made.tenant, made.created_at, made.id
$$;
select lookup_function('lookup_exports()');
