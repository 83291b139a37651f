-- act: how far telling is behind, across all tenants. Tellings are no jobs, and showed in no number of the house's.

-- What was given up; of what was erased meanwhile nobody was to be told.
create index telling_dead on telling (tenant, webhook) where state = 'dead' and reason <> 'email.erased';
-- Endpoints that do not answer; of one that its owner paused nothing is expected.
create index webhook_failing on webhook (failing_since)
  where failing_since is not null and stop_reason <> 'webhook.paused';

-- The longest silent first: of three attempts in a row none was heard (gatepost.act.retry).
create function lookup_silent_webhooks(at_most bigint)
returns table (tenant text, id text, since timestamptz, is_stopped boolean)
language sql stable security definer as $$
  select webhook.tenant, webhook.id, webhook.failing_since, webhook.is_stopped from webhook
  where webhook.failing_since is not null and webhook.stop_reason <> 'webhook.paused' and webhook.failures >= 3
  order by webhook.failing_since limit at_most
$$;
select lookup_function('lookup_silent_webhooks(bigint)');

-- oldest: since when the first in line of any endpoint has waited: one step through the index for each endpoint, however
-- much waits. Numbers stop at 100,000.
create function lookup_webhook_backlog()
returns table (waiting bigint, oldest timestamptz, dead bigint, silent bigint, silent_since timestamptz)
language sql stable security definer as $$
  with recursive line as (
    (select telling.tenant, telling.webhook, telling.promised_at from telling
     where state = 'waiting' order by telling.tenant, telling.webhook, telling.number limit 1)
    union all
    select next.* from line cross join lateral (
      select telling.tenant, telling.webhook, telling.promised_at from telling
      where state = 'waiting' and (telling.tenant, telling.webhook) > (line.tenant, line.webhook)
      order by telling.tenant, telling.webhook, telling.number limit 1) as next
  )
  select
    (select count(*) from (select from telling where state = 'waiting' limit 100000) as bounded),
    (select min(promised_at) from line),
    (select count(*) from (
      select from telling where state = 'dead' and reason <> 'email.erased' limit 100000) as bounded),
    (select count(*) from (select from lookup_silent_webhooks(100000)) as bounded),
    (select since from lookup_silent_webhooks(1))
$$;
select lookup_function('lookup_webhook_backlog()');
