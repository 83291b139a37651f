-- Whether any row of the record belongs to no entry, or an entry belongs nowhere, in whatever tenant's part. Of what is
-- covered by a checkpoint numbers are all it reads, so the indexes answer: under row security each row would be fetched
-- for its tenant's name.
-- Policies of one table add up: what looks across tenants may read there and no more, or `keeper_renumber` could give a
-- number to another tenant's entry.
drop policy lookup on entry;
do $$
declare
  name text;
begin
  foreach name in array array['entry', 'opening', 'decision_row', 'consequence', 'checkpoint'] loop
    execute format('create policy lookup on %I for select to gatepost_lookup using (true)', name);
    execute format('grant select on %I to gatepost_lookup', name);
  end loop;
end $$;

create function lookup_astray() returns boolean language sql stable security definer as $$
  with log as (
    select tenant, coalesce((select max(size) from checkpoint where checkpoint.tenant = placed.tenant), 0) as size
    from (select distinct tenant from leaf) as placed
  ), uncovered as (
    select leaf.tenant, leaf.entry from log join leaf on leaf.tenant = log.tenant and leaf.leaf_index >= log.size
    union all select tenant, entry from unsequenced
  )
  select exists (select from entry
      where not exists (select from leaf where leaf.entry = entry.id)
        and not exists (select from unsequenced where unsequenced.entry = entry.id))
    or exists (select from uncovered
      where not exists (select from entry where id = uncovered.entry and entry.tenant = uncovered.tenant))
    or exists (select from leaf where not exists (select from entry where id = leaf.entry))
    or exists (select from opening where not exists (select from entry where id = opening.entry))
    or exists (select from decision_row where not exists (select from entry where id = decision_row.entry))
    or exists (select from consequence where not exists (select from entry where id = consequence.entry))
$$;
select lookup_function('lookup_astray()');
