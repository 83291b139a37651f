-- The house's own canaries take their turns inside the check that needs them, against an endpoint of its own: for them
-- the process that knows the model's key is not started.

create or replace function lookup_hosting() returns setof text
language sql stable security definer
as $$
  select tenant from hosting
  where is_on and not exists (select from tenant where tenant.tenant = hosting.tenant and tenant.plan = 'house')
$$;
select lookup_function('lookup_hosting()');
