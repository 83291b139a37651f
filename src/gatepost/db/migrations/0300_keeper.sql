-- What may be forgotten, by whom, and how it shows (docs/adr/0031).
--
-- gatepost_keeper   removes what was recorded, kept and queued; and of these nothing but in a transaction that adds the
--                   entry which says so. The role that serves can remove none of it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'gatepost_keeper') then
    create role gatepost_keeper login nosuperuser nobypassrls nocreatedb nocreaterole;
  end if;
end $$;
grant usage on schema public to gatepost_keeper;
grant usage on sequence entry_id to gatepost_keeper;

-- Call for a tenant's table that the keeper works on.
create function keeper_table(name text, keeper_grants text) returns void language plpgsql as $$
begin
  execute format(
    'create policy keeper on %I to gatepost_keeper using (tenant = current_setting(''gatepost.tenant'', true))'
    ' with check (tenant = current_setting(''gatepost.tenant'', true))', name);
  execute format('grant %s on %I to gatepost_keeper', keeper_grants, name);
end $$;
revoke execute on function keeper_table(text, text) from public;

select keeper_table(name, 'select') from unnest(array['leaf', 'policy']) as name;
select keeper_table(name, 'select, insert') from unnest(array['entry', 'decision_row', 'consequence',
  'unsequenced']) as name;
select keeper_table('opening', 'select, insert, delete');
select keeper_table(name, 'select, delete') from unnest(array['email', 'body', 'email_words', 'unindexed',
  'thread_message', 'submission', 'submission_claim', 'delivered_message', 'counted_message', 'known_author',
  'sent_message', 'spent_token']) as name;

-- Every entry that says that something was removed. `transaction` is written by PostgreSQL alone.
create table erasure (
  tenant text not null,
  entry bigint not null,
  request text not null,       -- what asked for it: an id; several entries may answer one request
  rule text not null check (rule in ('person', 'plan', 'policy', 'keys')),
  at timestamptz not null,
  transaction bigint not null default pg_current_xact_id()::text::bigint,
  primary key (tenant, entry)
);
create index erasure_request on erasure (tenant, request);
create index erasure_transaction on erasure (transaction);
select tenant_table('erasure', 'select'), keeper_table('erasure', 'select');
grant insert (tenant, entry, request, rule, at) on erasure to gatepost_keeper;

-- It stands beside an entry of its kind that this very transaction wrote.
create function erasure_has_its_entry() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (
    select from entry where id = new.entry and tenant = new.tenant and kind = 'erasure'
      and xmin = pg_current_xact_id()::xid)
  then
    raise exception 'an erasure needs its entry, written by the same transaction' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger erasure_has_its_entry before insert on erasure
  for each row execute function erasure_has_its_entry();

-- Whoever owns the table is not asked: migrations are, and so is whoever may drop this trigger anyway.
create function nothing_goes_unsaid() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (
    select from erasure where tenant = current_setting('gatepost.tenant', true)
      and transaction = pg_current_xact_id()::text::bigint)
    and current_user <> (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid)
  then
    raise exception 'rows of % go only with the entry that says so', tg_table_name
      using errcode = 'insufficient_privilege';
  end if;
  return null;
end $$;
create trigger nothing_goes_unsaid before delete on opening for each statement execute function nothing_goes_unsaid();
create trigger nothing_goes_unsaid before delete on email for each statement execute function nothing_goes_unsaid();
create trigger nothing_goes_unsaid before delete on body for each statement execute function nothing_goes_unsaid();
create trigger nothing_goes_unsaid before delete on submission for each statement execute function nothing_goes_unsaid();

-- A person's openings, by the key of the person in the head of their seals (keys/vault.py).
create index opening_subject on opening (tenant, substring(sealed from 10 for 8))
  where substring(sealed from 10 for 8) <> '\x0000000000000000';

-- What must be kept whatever a plan, a policy or a person says. `account` null and `subject` null: all of the tenant's.
-- `sealed` holds the reason and, of a person, the address; `subject` is the keyed token that names the person's keys.
create table legal_hold (
  tenant text not null,
  id text not null,
  account bigint,
  subject text,
  sealed bytea not null,
  placed_at timestamptz not null,
  placed_by text not null,
  released_at timestamptz,
  primary key (tenant, id),
  check (account is null or subject is null)
);
select tenant_table('legal_hold', 'select'), keeper_table('legal_hold', 'select, insert');
grant update (released_at) on legal_hold to gatepost_keeper;

-- How far expiry has come: entries below `next_index` were looked at for this limit and these accounts (null: all).
create table retention_cursor (
  tenant text not null,
  days integer not null,
  part integer not null,        -- of accounts with one limit there may be many
  accounts bigint[],
  next_index bigint not null,
  primary key (tenant, days, part)
);
select tenant_table('retention_cursor', 'select'), keeper_table('retention_cursor', 'select, insert, update, delete');
