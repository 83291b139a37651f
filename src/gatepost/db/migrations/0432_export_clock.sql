-- A destination that rests until later than any pause lasts was set to rest by a clock that was ahead and has been set
-- right since: it is due, or the record would leave the house again only when that time comes.
drop function lookup_exports_due(timestamptz);
create function lookup_exports_due(at timestamptz, beyond timestamptz) returns table (tenant text, id text)
language sql stable security definer
as $$
  select tenant, id from export_destination where not is_stopped and (due_at <= at or due_at > beyond)
  order by due_at limit 64
$$;
select lookup_function('lookup_exports_due(timestamptz, timestamptz)');
