-- The domains we answer for, where their addresses lead, what signs for them.

-- A domain has one tenant in the whole house. position: the house's first domain also answers the bare postmaster.
create table domain (
  name text primary key,
  tenant text not null,
  postmaster bigint not null,
  position bigint generated always as identity,
  added_at timestamptz not null,
  unique (tenant, name),
  unique (position)
);
select tenant_table('domain', 'select, insert, delete');
select lookup_table('domain', 'select');

create table route (
  address_key text primary key,
  tenant text not null,
  address text not null,
  domain text not null,
  account bigint not null,
  foreign key (tenant, domain) references domain (tenant, name) on delete cascade
);
create index on route (tenant, domain);
create index on route (tenant, account);
select tenant_table('route', 'select, insert, delete');
select lookup_table('route', 'select');

create table dkim_key (
  tenant text not null,
  domain text not null,
  selector text not null,
  algorithm text not null check (algorithm in ('rsa-sha256', 'ed25519-sha256')),
  wrapped bytea not null,
  public_text text not null,
  created_at timestamptz not null,
  primary key (domain, selector),
  foreign key (tenant, domain) references domain (tenant, name) on delete cascade
);
create index on dkim_key (tenant, domain);
select tenant_table('dkim_key', 'select, insert, delete');

-- Which account has this address. keys: the address as given first, then without its tag; the first that exists counts.
create function lookup_route(keys text[])
returns table (tenant text, account bigint)
language sql stable security definer as $$
  select tenant, account from route where address_key = any(keys) order by array_position(keys, address_key) limit 1
$$;
select lookup_function('lookup_route(text[])');

-- Whose domain is this, and who reads its postmaster's mail. Null asks for the house's first domain.
create function lookup_domain(wanted text)
returns table (name text, tenant text, postmaster bigint)
language sql stable security definer as $$
  (select name, tenant, postmaster from domain where domain.name = wanted)
  union all
  (select name, tenant, postmaster from domain where wanted is null order by position limit 1)
$$;
select lookup_function('lookup_domain(text)');
