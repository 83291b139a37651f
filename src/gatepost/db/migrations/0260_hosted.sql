-- Hosted agents (docs/adr/0036): who switched them on, what they are, their turns, and what each call of a model cost.

-- Off for a tenant that has no row.
create table hosting (
  tenant text primary key,
  is_on boolean not null,
  changed_at timestamptz not null
);
select tenant_table('hosting', 'select, insert, update');
select lookup_table('hosting', 'select');

create function lookup_hosting() returns setof text
language sql stable security definer
as $$ select tenant from hosting where is_on $$;
select lookup_function('lookup_hosting()');

-- Every version an agent ever had; the newest is in force. sealed: the document. One agent for each mailbox.
create table hosted_agent (
  tenant text not null,
  account bigint not null,
  version integer not null check (version > 0),
  id text not null,
  is_on boolean not null,
  digest text not null,
  sealed bytea not null,
  at timestamptz not null,
  actor text not null,
  primary key (tenant, account, version)
);
alter table hosted_agent alter column sealed set storage external;
select tenant_table('hosted_agent', 'select, insert');

-- One turn for each email; version: of the agent when it began. label: the lowest it has read (0 anybody, 1 a matched
-- sender, 2 the operator). sealed: what the grants of all it has read have in common. sender: a keyed token.
create table turn (
  tenant text not null,
  id text not null,
  account bigint not null,
  agent text not null,
  version integer not null,
  email text not null,
  thread text not null,
  sender text not null,
  state text not null,
  reason text not null default '',
  label smallint not null,
  sealed bytea not null,
  failures integer not null default 0,  -- of the model's endpoint, in a row
  began_at timestamptz not null,
  changed_at timestamptz not null,
  primary key (tenant, id)
);
alter table turn alter column sealed set storage external;
create index turn_by_account on turn (tenant, account, began_at);
create index turn_by_thread on turn (tenant, account, thread, began_at);
select tenant_table('turn', 'select, insert, update');

-- What a turn did: place 0 is what the model said in that step, 1 and on are the calls it asked for. sealed: what was
-- said, or the arguments and what came of them. actor: who approved or denied a held call.
create table turn_step (
  tenant text not null,
  turn text not null,
  step integer not null,
  place integer not null,
  tool text not null,
  state text not null,
  reason text not null default '',
  label smallint not null,
  sealed bytea not null,
  actor text not null default '',
  at timestamptz not null,
  primary key (tenant, turn, step, place)
);
alter table turn_step alter column sealed set storage external;
select tenant_table('turn_step', 'select, insert, update');

-- Tokens of each call of a model: reserved before it, settled by what the API's answer says. A call whose answer never
-- came is lost, and counts as it was reserved.
create table model_call (
  tenant text not null,
  turn text not null,
  step integer not null,
  attempt integer not null,
  account bigint not null,
  agent text not null,
  email text not null,
  thread text not null,
  sender text not null,
  model text not null,
  at timestamptz not null,
  state text not null check (state in ('reserved', 'settled', 'lost')),
  reserved bigint not null,
  input bigint not null default 0,
  output bigint not null default 0,
  cache_write bigint not null default 0,
  cache_read bigint not null default 0,
  counted bigint generated always as
    (case when state = 'settled' then input + output + cache_write + cache_read else reserved end) stored,
  cost_microusd bigint,  -- null: the model has no price in the table
  primary key (tenant, turn, step, attempt)
);
create index model_call_by_day on model_call (tenant, account, at) include (counted);
create index model_call_by_thread on model_call (tenant, account, thread) include (counted);
create index model_call_by_sender on model_call (tenant, account, sender, at) include (counted);
create index model_call_by_email on model_call (tenant, account, email) include (counted);
select tenant_table('model_call', 'select, insert, update');
