-- Tenants that were removed: what is left of them is their record, which expires by the plan they were on last.
create table former_tenant (
  tenant text primary key,
  sealed bytea not null,       -- its name
  plan text not null,
  removed_at timestamptz not null
);
select tenant_table('former_tenant', 'select, insert, update'), lookup_table('former_tenant', 'select');

-- Also logs of which no tenant is known: it was removed by an earlier release, or came back after a restore.
create function lookup_former_tenants() returns table (tenant text, sealed bytea, plan text)
language sql stable security definer as $$
  select coalesce(former.tenant, log.tenant), former.sealed, coalesce(former.plan, '')
  from former_tenant as former full join log_key as log on log.tenant = former.tenant
  where coalesce(former.tenant, log.tenant) <> 'trust'
    and not exists (select from tenant where tenant.tenant = coalesce(former.tenant, log.tenant))
  order by former.removed_at, 1
$$;
select lookup_function('lookup_former_tenants()');
