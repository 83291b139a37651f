-- What agents are told: events, who is to hear them, and how far each telling is (docs/adr/0035).

-- One thing that happened to an account's mail. Ids and words of ours only: what an event says is read from the message
-- when it is told, so whoever was erased meanwhile is gone from it too.
--
-- number: the order in which they were written. lane: events of one lane are told in order: the thread, else the email, else the event itself.
-- place: its position in the account's stream, given after it committed, so that a reader's cursor passes over nothing.
-- is_fed: somebody reads the account's stream.
create table event (
  tenant text not null,
  id text not null,
  account bigint not null,
  kind text not null,
  email text,
  lane text not null,
  ref text not null default '',
  detail jsonb not null default '{}',
  at timestamptz not null,
  number bigint generated always as identity,
  place bigint,
  is_fed boolean not null default false,
  primary key (tenant, id)
);
create index event_stream on event (tenant, account, place) where place is not null;
create index event_unplaced on event (number) where place is null and is_fed;
create index event_by_time on event (tenant, account, at);
select tenant_table('event', 'select, insert, delete');
select lookup_table('event', 'select, update');
create sequence event_place;
grant usage on sequence event_place to gatepost_lookup;

-- Accounts whose stream somebody reads. since: from this place on nothing is missing in it.
create table event_stream_reader (
  tenant text not null,
  account bigint not null,
  since bigint not null,
  seen_at timestamptz not null,
  primary key (tenant, account)
);
select tenant_table('event_stream_reader', 'select, insert, update, delete');
select lookup_table('event_stream_reader', 'select');

-- events: the kinds an endpoint is told of. failing_since: no attempt has been heard since then; due_at: until then it is
-- left alone. holder: which process tells it, until leased_until.
alter table webhook
  add column wrapped_seed bytea,
  add column events text[] not null default '{email.received}',
  add column is_stopped boolean not null default false,
  add column stop_reason text not null default '',
  add column stopped_at timestamptz,
  add column failures integer not null default 0,
  add column failing_since timestamptz,
  add column warned_at timestamptz,
  add column due_at timestamptz,
  add column holder text,
  add column leased_until timestamptz;
grant update on webhook to gatepost_app;
select lookup_table('webhook', 'select, update');
create index webhook_held on webhook (holder) where holder is not null;

-- Secrets that were replaced and still sign until they retire.
create table webhook_secret (
  tenant text not null,
  webhook text not null,
  wrapped_secret bytea not null,
  retires_at timestamptz not null,
  primary key (tenant, webhook, retires_at)
);
select tenant_table('webhook_secret', 'select, insert, delete');

-- One event told to one webhook. entry: of the record, once it is settled.
create table telling (
  tenant text not null,
  webhook text not null,
  event text not null,
  number bigint generated always as identity,
  lane text not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
  attempts integer not null default 0,
  due_at timestamptz not null,
  status_code integer not null default 0,  -- what the receiver said last; 0 where it said nothing
  reason text not null default '',
  promised_at timestamptz not null,
  settled_at timestamptz,
  entry bigint,
  primary key (tenant, webhook, event)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
create index telling_due on telling (tenant, webhook, due_at) where state = 'waiting';
create index telling_turn on telling (tenant, webhook, number) where state = 'waiting';
create index telling_lane on telling (tenant, webhook, lane, number) where state = 'waiting';
create index telling_by_event on telling (tenant, event);
create index telling_log on telling (tenant, webhook, number);
select tenant_table('telling', 'select, insert, update, delete');
select lookup_table('telling', 'select');

-- Each attempt: the delivery log.
create table telling_attempt (
  tenant text not null,
  webhook text not null,
  event text not null,
  at timestamptz not null,
  status_code integer not null,
  reason text not null,
  took_ms integer not null
);
create index telling_attempt_of on telling_attempt (tenant, webhook, event, at);
create index telling_attempt_old on telling_attempt (tenant, at);
select tenant_table('telling_attempt', 'select, insert, delete');

-- What an earlier release had still to tell.
do $$
declare name text;
begin
  foreach name in array array['event', 'telling', 'email', 'job', 'dead_job', 'webhook', 'webhook_delivery'] loop
    execute format('alter table %I no force row level security', name);  -- an owner that is no superuser sees all rows
  end loop;
end $$;
insert into event (tenant, id, account, kind, email, lane, at)
  select distinct on (told.tenant, told.email) told.tenant,
    'ev_' || encode(substr(sha256(convert_to('email.received ' || told.email, 'UTF8')), 1, 15), 'hex'),
    email.account, 'email.received', told.email, email.thread, told.promised_at
  from webhook_delivery as told join email on email.tenant = told.tenant and email.id = told.email
  order by told.tenant, told.email, told.promised_at;
insert into event (tenant, id, account, kind, email, lane, at)
  select job.tenant, 'ev_' || encode(substr(sha256(convert_to('email.received ' || email.id, 'UTF8')), 1, 15), 'hex'),
    email.account, 'email.received', email.id, email.thread, job.promised_at
  from job join email on email.tenant = job.tenant and email.id = job.body ->> 'email'
  where job.kind = 'act.wake'
  on conflict do nothing;
insert into telling (tenant, webhook, event, lane, state, attempts, due_at, status_code, reason, promised_at, settled_at)
  select told.tenant, told.webhook, event.id, event.lane, told.state, told.attempts, told.promised_at, told.status_code,
    told.reason, told.promised_at, told.settled_at
  from webhook_delivery as told join event on event.tenant = told.tenant and event.email = told.email
  order by told.promised_at;
insert into telling (tenant, webhook, event, lane, due_at, promised_at)
  select event.tenant, webhook.id, event.id, event.lane, event.at, event.at
  from event join webhook on webhook.tenant = event.tenant and webhook.account = event.account
  on conflict do nothing;
delete from job where kind in ('act.wake', 'act.webhook');
delete from dead_job where kind in ('act.wake', 'act.webhook');
drop table webhook_delivery;
do $$
declare name text;
begin
  foreach name in array array['event', 'telling', 'email', 'job', 'dead_job', 'webhook'] loop
    execute format('alter table %I force row level security', name);
  end loop;
end $$;

-- Take every endpoint that has something due and that nobody else tells; return all that are ours and have. Leaps from
-- endpoint to endpoint through the index: ten thousand tellings of one cost no more than one.
create function lookup_take_webhooks(me text, at timestamptz, until timestamptz)
returns table (tenant text, id text)
language sql volatile security definer as $$
  with recursive busy as (
    (select waiting.tenant, waiting.webhook, waiting.due_at from telling as waiting
     where state = 'waiting' order by waiting.tenant, waiting.webhook, waiting.due_at limit 1)
    union all
    select next.* from busy cross join lateral (
      select waiting.tenant, waiting.webhook, waiting.due_at from telling as waiting
      where state = 'waiting' and (waiting.tenant, waiting.webhook) > (busy.tenant, busy.webhook)
      order by waiting.tenant, waiting.webhook, waiting.due_at limit 1) as next
  ), ready as (
    select hook.tenant, hook.id, hook.holder from webhook as hook
    join busy on busy.tenant = hook.tenant and busy.webhook = hook.id
    where busy.due_at <= at and (hook.due_at is null or hook.due_at <= at) and not hook.is_stopped
      and (hook.holder = me or hook.leased_until is null or hook.leased_until <= at)
  ), taken as (
    update webhook as hook set holder = me, leased_until = until from ready
    where hook.tenant = ready.tenant and hook.id = ready.id and ready.holder is distinct from me
      and (hook.leased_until is null or hook.leased_until <= at)
    returning hook.tenant, hook.id
  )
  select taken.tenant, taken.id from taken
  union all
  select ready.tenant, ready.id from ready where ready.holder = me
$$;
select lookup_function('lookup_take_webhooks(text, timestamptz, timestamptz)');

create function lookup_renew_webhooks(me text, until timestamptz) returns void
language sql volatile security definer as $$ update webhook set leased_until = until where holder = me $$;
select lookup_function('lookup_renew_webhooks(text, timestamptz)');

create function lookup_leave_webhooks(me text) returns void
language sql volatile security definer as $$
  update webhook set holder = null, leased_until = null where holder = me
$$;
select lookup_function('lookup_leave_webhooks(text)');

-- Give what committed its place in its stream. One at a time, so a place that is seen has none below it still to come.
create function lookup_place_events() returns table (tenant text, account bigint)
language plpgsql volatile security definer as $$
#variable_conflict use_column
begin
  if not exists (select from event where place is null and is_fed) then
    return;
  end if;
  perform pg_advisory_xact_lock(7140926535);
  return query
  with fresh as materialized (
    select waiting.tenant, waiting.id, nextval('event_place') as next
    from (select event.tenant, event.id from event where place is null and is_fed order by number limit 1000) as waiting
  ), placed as (
    update event set place = fresh.next from fresh
    where event.tenant = fresh.tenant and event.id = fresh.id and event.place is null
    returning event.tenant, event.account
  )
  select distinct placed.tenant, placed.account from placed;
end $$;
select lookup_function('lookup_place_events()');

-- Where a stream that is opened now begins.
create function lookup_last_place() returns bigint
language sql stable security definer as $$
  select coalesce(max(place), 0) from event where place is not null
$$;
select lookup_function('lookup_last_place()');
create index event_last_place on event (place) where place is not null;

-- Whose events are old enough to be forgotten.
create function lookup_event_tenants() returns setof text
language sql stable security definer as $$
  with recursive holder as (
    select min(tenant) as tenant from event
    union all
    select (select min(event.tenant) from event where event.tenant > holder.tenant)
    from holder where holder.tenant is not null
  )
  select tenant from holder where tenant is not null
$$;
select lookup_function('lookup_event_tenants()');
