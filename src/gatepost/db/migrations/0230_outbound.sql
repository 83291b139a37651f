-- decide: whom accounts write with, and what they sent. All names are keyed tokens (docs/adr/0022).

-- Who exchanged proven mail with an account: its author was let in, or it was sent to.
create table correspondent (
  tenant  text        not null,
  account bigint      not null,
  person  text        not null,  -- token of an address key
  since   timestamptz not null,
  primary key (tenant, person, account)
);
select tenant_table('correspondent', 'select, insert, delete');

-- One row per recipient of what was queued or held; rows older than the longest window are dead and go.
create table outgoing_message (
  tenant  text        not null,
  account bigint      not null,
  email   text        not null,
  person  text        not null,  -- tokens of the recipient's address key
  domain  text        not null,  -- and of its domain
  thread  text        not null,  -- the one it answers in; empty: none
  at      timestamptz not null,
  primary key (tenant, email, person)
);
create index on outgoing_message (tenant, account, at);
select tenant_table('outgoing_message', 'select, insert, delete');

-- What was said under an identity, as a token: a caller's own key must not stand for two texts.
alter table submission_claim add column said text;

-- Lock an account's windows until the transaction ends, then count them: one round trip. Being volatile, each statement
-- sees what committed while the lock was waited for. Windows slide as those of count_windows do.
create function count_sent(
  asked_tenant text, asked_account bigint, asked_persons text[], asked_domains text[], asked_thread text,
  asked_email text, asked_at timestamptz
) returns table (kind text, name text, hour bigint, day bigint)
language plpgsql volatile set search_path = public as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(jsonb_build_array('sent', asked_tenant, asked_account)::text, 0));
  return query
    with recent as materialized (
      select sent.email, sent.person, sent.domain, sent.thread, sent.at > asked_at - interval '3600 seconds' as is_hour
      from outgoing_message as sent
      where sent.tenant = asked_tenant and sent.account = asked_account
        and sent.at > asked_at - interval '86400 seconds' and sent.email <> asked_email
    )
    select 'agent', '', count(*) filter (where recent.is_hour), count(*) from recent
    union all
    select 'person', recent.person, count(*) filter (where recent.is_hour), count(*) from recent
      where recent.person = any(asked_persons) group by recent.person
    union all
    select 'domain', recent.domain, count(*) filter (where recent.is_hour), count(*) from recent
      where recent.domain = any(asked_domains) group by recent.domain
    union all
    select 'thread', '', count(distinct recent.email) filter (where recent.is_hour), count(distinct recent.email)
      from recent where asked_thread <> '' and recent.thread = asked_thread;
end $$;
revoke execute on function count_sent(text, bigint, text[], text[], text, text, timestamptz) from public;
grant execute on function count_sent(text, bigint, text[], text[], text, text, timestamptz) to gatepost_app;
