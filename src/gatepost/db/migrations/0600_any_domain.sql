-- Whether anybody gave this house a domain: not those that it made itself, for the canaries and to try things out. One
-- without refuses nobody's mail for good: perhaps its folder is not the one it had.
create function lookup_any_domain(own_plan text, sandbox text) returns boolean
language sql stable security definer as $$
  select exists (
    select from domain left join tenant using (tenant)
    where domain.name <> sandbox and tenant.plan is distinct from own_plan
  )
$$;
select lookup_function('lookup_any_domain(text, text)');
