-- Seal a lookup_* function: it runs as gatepost_lookup, only gatepost_app may call it, and no object of the caller's
-- can stand in for one of ours (pg_temp is searched first unless it is named last).
create function lookup_function(signature regprocedure) returns void language plpgsql as $$
begin
  execute format('alter function %s set search_path = public, pg_temp', signature);
  execute format('revoke execute on function %s from public', signature);
  execute format('grant execute on function %s to gatepost_app', signature);
  execute format('alter function %s owner to gatepost_lookup', signature);
end $$;
revoke execute on function lookup_function(regprocedure) from public;

-- An owner that is no superuser may hand functions over only to a role it belongs to, which may create in the schema.
do $$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant gatepost_lookup to %I', current_user);
    grant create on schema public to gatepost_lookup;
  end if;
end $$;
