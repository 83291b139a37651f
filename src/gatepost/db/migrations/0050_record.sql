-- The record: what we did, provably. Written by the record room alone.
--
-- No foreign keys: one statement writes an entry with all its rows, and `gatepost log verify` names orphans.
-- entry, leaf, decision_row, consequence and checkpoint only ever grow: the role that serves may not change or delete.

create sequence entry_id;
grant usage on sequence entry_id to gatepost_app;

-- One thing that happened. `leaf` is the exact octets that the log hashes.
create table entry (
  id      bigint primary key,
  tenant  text not null,
  kind    text not null,
  at      timestamptz not null,
  leaf    bytea not null
);
select tenant_table('entry', 'select, insert');

-- What the commitments of an entry commit to: {field: {salt, value}}. The only personal data of the record, and apart
-- from it, so that it can be erased. `json`, not `jsonb`: a stranger's U+0000 must survive.
create table opening (
  entry    bigint primary key,
  tenant   text not null,
  ref      text not null,
  opening  json not null
);
select tenant_table('opening', 'select, insert');

-- What decisions are found by. Everything shown comes from leaf and opening.
create table decision_row (
  entry         bigint primary key,
  tenant        text not null,
  account       bigint not null,
  email         text not null,
  thread        text,
  in_reply_to   text,
  direction     text not null,
  disposition   text not null,
  outcome       text not null,
  reason        text not null,
  received_at   timestamptz not null
);
create index decision_row_page on decision_row (tenant, account, entry desc) where direction = 'inbound';
create index decision_row_email on decision_row (tenant, email);
create index decision_row_answers on decision_row (tenant, in_reply_to) where in_reply_to is not null;
create index decision_row_thread on decision_row (tenant, thread) where thread is not null;
select tenant_table('decision_row', 'select, insert');

-- What consequences are found by.
create table consequence (
  entry    bigint primary key,
  tenant   text not null,
  account  bigint,
  email    text,
  kind     text not null,
  action   text not null
);
create index consequence_email on consequence (tenant, email) where email is not null;
select tenant_table('consequence', 'select, insert');

-- Entries without a place in the log yet. A queue and no watermark: ids may commit out of order.
create table unsequenced (
  entry   bigint primary key,
  tenant  text not null
);
create index unsequenced_tenant on unsequenced (tenant, entry);
select tenant_table('unsequenced', 'select, insert, delete');
select lookup_table('unsequenced', 'select');

-- An entry's place in its tenant's log; written by the sequencer alone.
create table leaf (
  tenant      text not null,
  leaf_index  bigint not null check (leaf_index >= 0),
  entry       bigint not null unique,
  primary key (tenant, leaf_index)
);
select tenant_table('leaf', 'select, insert');

-- The tenant's log key; `wrapped_seed` is of no use without the key file outside the database.
create table log_key (
  tenant        text primary key,
  origin        text not null unique,
  vkey          text not null,
  wrapped_seed  bytea not null
);
select tenant_table('log_key', 'select, insert');
select lookup_table('log_key', 'select');

-- Every checkpoint ever signed: what we may never contradict.
create table checkpoint (
  tenant     text not null,
  size       bigint not null,
  note       bytea not null,
  signed_at  timestamptz not null,
  primary key (tenant, size)
);
select tenant_table('checkpoint', 'select, insert');

-- Mail refused before there was a decision: a counter per hour, settled into one entry and then deleted.
create table refusal_count (
  tenant  text not null,
  hour    timestamptz not null,
  reason  text not null,
  count   bigint not null,
  primary key (tenant, hour, reason)
);
select tenant_table('refusal_count', 'select, insert, update, delete');
select lookup_table('refusal_count', 'select');

-- Tenants whose log has something to do.
create function lookup_unsequenced() returns setof text
language sql stable security definer
as $$ select distinct tenant from unsequenced $$;

-- Tenants that have a log.
create function lookup_logs() returns setof text
language sql stable security definer
as $$ select tenant from log_key $$;

-- Tenants with refusals counted in an hour that began before `before`.
create function lookup_refusals(before timestamptz) returns setof text
language sql stable security definer
as $$ select distinct tenant from refusal_count where hour < before $$;

select lookup_function('lookup_unsequenced()'), lookup_function('lookup_logs()'),
  lookup_function('lookup_refusals(timestamptz)');
