-- An endpoint that has failed three times in a row (act.retry.STRIKES) is asked at its own time whatever each of its
-- tellings waits for: the first of them may wait for hours, and a receiver that is back hears within minutes.
create or replace function lookup_take_webhooks(me text, at timestamptz, until timestamptz)
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
    where (busy.due_at <= at or hook.failures >= 3) and (hook.due_at is null or hook.due_at <= at) and not hook.is_stopped
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
