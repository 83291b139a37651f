-- After a restore to an older point the entries that say what was removed come back with their log, and what `erasure`
-- remembers of them with these: it is read from the leaf. Transaction 0 is nobody's, so such a row lets nobody remove
-- anything; the keeper cannot write that column.
create or replace function erasure_has_its_entry() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (
    select from entry where id = new.entry and tenant = new.tenant and kind = 'erasure'
      and (xmin = pg_current_xact_id()::xid or new.transaction = 0))
  then
    raise exception 'an erasure needs its entry, written by the same transaction' using errcode = 'check_violation';
  end if;
  return new;
end $$;

create policy come_back on erasure for insert to gatepost_lookup
  with check (tenant = current_setting('gatepost.tenant', true) and transaction = 0);
grant insert on erasure to gatepost_lookup;

create function keeper_remember_erasures() returns bigint language plpgsql volatile security definer as $$
declare
  came bigint;
begin
  insert into erasure (tenant, entry, request, rule, at, transaction)
  select tenant, id, said ->> 'object_ref', said -> 'detail' ->> 'rule', (said ->> 'ts')::timestamptz, 0
  from entry cross join lateral (select convert_from(leaf, 'UTF8')::jsonb as said) as written
  where tenant = current_setting('gatepost.tenant', true) and kind = 'erasure'
    and not exists (select from erasure where erasure.tenant = entry.tenant and erasure.entry = entry.id);
  get diagnostics came = row_count;
  return came;
end $$;
select lookup_function('keeper_remember_erasures()');
revoke execute on function keeper_remember_erasures() from gatepost_app;
grant execute on function keeper_remember_erasures() to gatepost_keeper;
