-- The register of outgoing connections: counted, not listed.

-- What was opened: `destination` is a row of the declared register, or the id of what named it (a webhook).
create table egress_opened (
  tenant text not null,
  purpose text not null,
  destination text not null,
  count bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (tenant, purpose, destination)
);
select tenant_table('egress_opened', 'select, insert, update');

-- What was refused, per hour: the first refusal makes an entry of the record at once, and `count` is of those after
-- it, settled into a second entry when the hour is over. The row then goes.
create table egress_refused (
  tenant text not null,
  hour timestamptz not null,
  purpose text not null,
  ref text not null,
  rule text not null,
  count bigint not null,
  last_at timestamptz not null,
  primary key (tenant, hour, purpose, ref, rule)
);
select tenant_table('egress_refused', 'select, insert, update, delete');
select lookup_table('egress_refused', 'select');

-- Tenants with refusals of an hour that began before `before`.
create function lookup_egress_refused(before timestamptz) returns setof text
language sql stable security definer
as $$ select distinct tenant from egress_refused where hour < before $$;
select lookup_function('lookup_egress_refused(timestamptz)');
