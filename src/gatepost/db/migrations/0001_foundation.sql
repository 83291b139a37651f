-- Roles and the one way to make a tenant's table.
--
-- gatepost_app      serves. It owns nothing, bypasses nothing, and has exactly the grants named beside each table.
-- gatepost_lookup   nobody logs in as it. It owns the few functions that must look across tenants before the tenant
--                   is known (which account has this address, which key is this, which job is due).
do $$
begin
  if not exists (select from pg_roles where rolname = 'gatepost_app') then
    create role gatepost_app login nosuperuser nobypassrls nocreatedb nocreaterole;
  end if;
  if not exists (select from pg_roles where rolname = 'gatepost_lookup') then
    create role gatepost_lookup nologin nosuperuser nobypassrls;
  end if;
end $$;

revoke create on schema public from public;
grant usage on schema public to gatepost_app, gatepost_lookup;

-- Call once for each table that has a tenant column.
create function tenant_table(name text, app_grants text) returns void language plpgsql as $$
begin
  execute format('alter table %I enable row level security', name);
  execute format('alter table %I force row level security', name);
  execute format(
    'create policy tenant_only on %I to gatepost_app using (tenant = current_setting(''gatepost.tenant'', true))'
    ' with check (tenant = current_setting(''gatepost.tenant'', true))', name);
  execute format('grant %s on %I to gatepost_app', app_grants, name);
end $$;

-- Call for a table that a lookup_* function must read across tenants.
create function lookup_table(name text, lookup_grants text) returns void language plpgsql as $$
begin
  execute format('create policy lookup on %I to gatepost_lookup using (true) with check (true)', name);
  execute format('grant %s on %I to gatepost_lookup', lookup_grants, name);
end $$;
revoke execute on function tenant_table(text, text), lookup_table(text, text) from public;
