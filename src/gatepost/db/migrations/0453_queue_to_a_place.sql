-- An entry leaves the queue to the log for a place in the log, and for nothing else: the role that serves takes rows out of
-- the queue, and whoever speaks as it could have kept what was accepted out of the log. Asked once for each statement, at
-- its end, when the places it gives are there.
create function only_to_a_place() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select from gone where not exists (select from leaf where leaf.entry = gone.entry))
    and current_user <> (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid)
  then
    raise exception 'an entry leaves the queue for a place in the log' using errcode = 'insufficient_privilege';
  end if;
  return null;
end $$;
create trigger only_to_a_place after delete on unsequenced referencing old table as gone
  for each statement execute function only_to_a_place();
