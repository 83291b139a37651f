-- Where agents want to be told of kept mail. The secret is wrapped under the master key.
create table webhook (
  tenant text not null,
  id text not null,
  account bigint not null,
  url text not null,
  wrapped_secret bytea not null,
  created_at timestamptz not null,
  primary key (tenant, id)
);
create index webhook_by_account on webhook (tenant, account, created_at);
select tenant_table('webhook', 'select, insert, delete');

-- One email told to one webhook.
create table webhook_delivery (
  tenant text not null,
  email text not null,
  webhook text not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
  attempts integer not null default 0,
  status_code integer not null default 0,  -- what the receiver said last; 0 where it said nothing
  reason text not null default '',
  promised_at timestamptz not null,
  settled_at timestamptz,
  primary key (tenant, email, webhook)
);
select tenant_table('webhook_delivery', 'select, insert, update');
