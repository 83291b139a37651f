-- A held message that a person refused is kept no longer: the entry that settles it says so, and needs no keeper.
create function no_body_goes_unsaid() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (
    select from erasure where tenant = old.tenant and transaction = pg_current_xact_id()::text::bigint)
    or current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid)
  then
    return old;
  end if;
  if not exists (select from hold where hold.tenant = old.tenant and email = old.email and state = 'refused') then
    raise exception 'rows of % go only with the entry that says so', tg_table_name
      using errcode = 'insufficient_privilege';
  end if;
  return old;
end $$;
drop trigger nothing_goes_unsaid on body;
create trigger no_body_goes_unsaid before delete on body for each row execute function no_body_goes_unsaid();
create index hold_email on hold (tenant, email);
select keeper_table('hold', 'select');
