-- Where a tenant's record is exported to. The log itself is the outbox: a destination holds no copy of an entry, only
-- how far it got. `sealed` holds URL, credential and certificate authority.
create table export_destination (
  tenant text not null,
  id text not null,
  kind text not null,
  format text not null,
  is_personal boolean not null,
  sealed bytea not null,
  created_at timestamptz not null,
  next_index bigint not null,              -- every entry below it was taken, or lies in export_letter
  exported_at timestamptz,                 -- when next_index last grew
  is_stopped boolean not null default false,
  reason text not null default '',         -- why it stopped, or why the last attempt failed
  alert text not null default '',          -- what was taken although something is wrong there
  failures integer not null default 0,     -- in a row
  rejected bigint not null default 0,      -- refused by a receiver that does not say which
  due_at timestamptz not null,             -- when to go on; whoever goes on moves it ahead, which is the lease
  primary key (tenant, id)
);
select tenant_table('export_destination', 'select, insert, update, delete');
select lookup_table('export_destination', 'select');

-- Entries a destination would not take: the entry stays in the log, here is why and whether to try again.
create table export_letter (
  tenant text not null,
  destination text not null,
  leaf_index bigint not null,
  reason text not null,
  at timestamptz not null,
  is_due boolean not null default false,
  primary key (tenant, destination, leaf_index)
);
select tenant_table('export_letter', 'select, insert, update, delete');

-- Which destinations have something to do.
create function lookup_exports_due(at timestamptz) returns table (tenant text, id text)
language sql stable security definer
as $$ select tenant, id from export_destination where not is_stopped and due_at <= at order by due_at limit 64 $$;
select lookup_function('lookup_exports_due(timestamptz)');
