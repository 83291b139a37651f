-- Who may enter: tenants, the owners of mail, people, API keys.

-- The tenant column is the id itself, so the one policy of every table holds here too.
create table tenant (
  tenant text primary key,
  name text not null,
  plan text not null,
  created_at timestamptz not null
);
select tenant_table('tenant', 'select, insert, delete');
select lookup_table('tenant', 'select');

-- Ids are integers because the public contract shows them as mailbox ids; they are never given twice.
create table account (
  id bigint generated always as identity primary key,
  tenant text not null references tenant,
  address text not null,
  address_key text not null,
  is_postmaster boolean not null,
  created_at timestamptz not null,
  unique (tenant, id),
  unique (tenant, address_key)
);
select tenant_table('account', 'select, insert, delete');

create table person (
  id text primary key,
  tenant text not null references tenant,
  address text not null,
  address_key text not null,
  role text not null check (role in ('owner', 'approver', 'auditor')),
  created_at timestamptz not null,
  unique (tenant, address_key)
);
select tenant_table('person', 'select, insert, delete');

-- digest: SHA-256 of the secret half. A slow hash protects guessable secrets; nobody guesses 256 random bits.
create table api_key (
  id text primary key,
  tenant text not null references tenant,
  digest bytea not null check (octet_length(digest) = 32),
  role text not null,
  scopes text[] not null,
  account bigint,
  label text not null,
  created_at timestamptz not null,
  foreign key (tenant, account) references account (tenant, id) on delete cascade,
  check (role <> 'agent' or account is not null)
);
create index on api_key (tenant, created_at);
create index on api_key (tenant, account);
select tenant_table('api_key', 'select, insert, delete');
select lookup_table('api_key', 'select');

-- Which key is this, before we know whose.
create function lookup_api_key(wanted text)
returns table (id text, tenant text, digest bytea, role text, scopes text[], account bigint)
language sql stable security definer as $$
  select id, tenant, digest, role, scopes, account from api_key where api_key.id = wanted
$$;
select lookup_function('lookup_api_key(text)');

-- Every tenant of the house: for the operator's list and for work that goes round all of them.
create function lookup_tenants()
returns table (tenant text, name text, plan text)
language sql stable security definer as $$
  select tenant, name, plan from tenant order by created_at, tenant
$$;
select lookup_function('lookup_tenants()');
