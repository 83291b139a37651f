-- decide: policy versions, and what is counted against their limits.

-- Every version a policy ever had; never changed, never removed.
create table policy (
  tenant   text        not null,
  account  bigint      not null,
  version  integer     not null check (version > 0),
  digest   text        not null, -- SHA-256 of the normalised document, lowercase hex
  document json        not null, -- as its author wrote it; json, not jsonb: the order of its members is kept
  warnings text[]      not null,
  at       timestamptz not null,
  actor    text        not null,
  primary key (tenant, account, version)
);
select tenant_table('policy', 'select, insert');

-- One row per delivered message; rows older than the longest window are dead and go as new ones come.
create table delivered_message (
  tenant  text        not null,
  account bigint      not null,
  sender  text        not null, -- the author's address key
  at      timestamptz not null, -- when it was received
  email   text        not null
);
create index on delivered_message (tenant, account, sender, at);
select tenant_table('delivered_message', 'select, insert, delete');

-- Tokens an agent spent. A thread's budget has no window, so these stay.
create table spent_token (
  tenant  text        not null,
  account bigint      not null,
  sender  text        not null,
  thread  text        not null,
  at      timestamptz not null,
  tokens  bigint      not null check (tokens >= 0)
);
create index on spent_token (tenant, account, sender, at) include (tokens);
create index on spent_token (tenant, account, thread) include (tokens);
select tenant_table('spent_token', 'select, insert');

-- Lock a sender's windows until the transaction ends, then count them: one round trip. Being volatile, each statement
-- sees what committed while the lock was waited for.
-- A window slides over ( asked_at - span, infinity ): a message received later may have been judged earlier, and
-- counting it too keeps every window of that span within the limit.
create function count_windows(
  asked_tenant text, asked_account bigint, asked_sender text, asked_thread text, asked_at timestamptz,
  out messages_hour bigint, out messages_day bigint, out tokens_thread bigint, out tokens_day bigint
) language plpgsql volatile set search_path = public as $$
begin
  perform pg_advisory_xact_lock(
    hashtextextended(jsonb_build_array('decide', asked_tenant, asked_account, asked_sender)::text, 0));
  select count(*) filter (where at > asked_at - interval '3600 seconds'), count(*)
    into messages_hour, messages_day
    from delivered_message
    where tenant = asked_tenant and account = asked_account and sender = asked_sender
      and at > asked_at - interval '86400 seconds';
  select coalesce(sum(tokens), 0) into tokens_thread
    from spent_token
    where tenant = asked_tenant and account = asked_account and thread = asked_thread;
  select coalesce(sum(tokens), 0) into tokens_day
    from spent_token
    where tenant = asked_tenant and account = asked_account and sender = asked_sender
      and at > asked_at - interval '86400 seconds';
end $$;
revoke execute on function count_windows(text, bigint, text, text, timestamptz) from public;
grant execute on function count_windows(text, bigint, text, text, timestamptz) to gatepost_app;
