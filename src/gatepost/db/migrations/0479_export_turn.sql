-- Whose turn it is: each claim counts on, and so does whoever gives a destination another place or index. A turn that is
-- no more the newest writes nothing, so an answer to the old credential cannot stop what has the new one.
alter table export_destination add column turn bigint not null default 0;
drop function lookup_exports_due(timestamptz, timestamptz);
create function lookup_exports_due(at timestamptz, beyond timestamptz)
returns table (tenant text, id text, turn bigint)
language sql stable security definer
as $$
  select tenant, id, turn from export_destination where not is_stopped and (due_at <= at or due_at > beyond)
  order by due_at limit 64
$$;
select lookup_function('lookup_exports_due(timestamptz, timestamptz)');
