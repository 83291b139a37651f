-- What takes mail may add, and change nothing (docs/adr/0061).
--
-- gatepost_accept   everything from the end of DATA to the commit. It reads what a decision needs, adds what one makes,
--                   and has no update, delete, truncate or ownership anywhere.
do $$
begin
  if not exists (select from pg_roles where rolname = 'gatepost_accept') then
    create role gatepost_accept login nosuperuser nobypassrls nocreatedb nocreaterole;
  end if;
end $$;
grant usage on schema public to gatepost_accept;
grant usage on sequence entry_id to gatepost_accept;

-- Call for a tenant's table that mail is judged by, or added to.
create function accept_table(name text, accept_grants text) returns void language plpgsql as $$
begin
  execute format(
    'create policy accept on %I to gatepost_accept using (tenant = current_setting(''gatepost.tenant'', true))'
    ' with check (tenant = current_setting(''gatepost.tenant'', true))', name);
  execute format('grant %s on %I to gatepost_accept', accept_grants, name);
end $$;
revoke execute on function accept_table(text, text) from public;

select accept_table(name, 'select') from unnest(array['account', 'person', 'policy', 'spent_token', 'known_author',
  'correspondent', 'submission_claim', 'webhook', 'webhook_secret', 'event_stream_reader', 'hosting',
  'hosted_agent']) as name;
select accept_table(name, 'select, insert') from unnest(array['entry', 'opening', 'decision_row', 'consequence',
  'unsequenced', 'email', 'unindexed', 'body', 'thread_message', 'delivered_message', 'counted_message', 'sent_message',
  'outgoing_message', 'message_grant', 'submission', 'hold', 'event', 'telling', 'job']) as name;

grant execute on function count_windows(text, bigint, text, text, timestamptz, boolean) to gatepost_accept;
grant execute on function count_sent(text, bigint, text[], text[], text, text, timestamptz) to gatepost_accept;

-- The four places where a row changes under a message. Each does this one thing, for the tenant the transaction is bound
-- to and no other, with the rights of a role nobody logs in as.

-- An author was heard: new, or again. A time never goes back.
create function lookup_heard(of_account bigint, whom text, heard_at timestamptz) returns void
language plpgsql volatile security definer as $$
begin
  insert into known_author (tenant, account, author, last_at)
  values (current_setting('gatepost.tenant'), of_account, whom, heard_at)
  on conflict (tenant, account, author)
    do update set last_at = greatest(known_author.last_at, excluded.last_at);
end $$;
select lookup_table('known_author', 'select (tenant, account, author, last_at), insert, update (last_at)');

-- A correspondent was written with: new, or again. A time never goes back.
create function lookup_met(of_account bigint, whom text, met_at timestamptz) returns void
language plpgsql volatile security definer as $$
begin
  insert into correspondent (tenant, account, person, last_at)
  values (current_setting('gatepost.tenant'), of_account, whom, met_at)
  on conflict (tenant, person, account)
    do update set last_at = greatest(correspondent.last_at, excluded.last_at);
end $$;
select lookup_table('correspondent', 'select (tenant, account, person, last_at), insert, update (last_at)');

-- Claim what makes a submission the same one, where nobody has claimed it after `free_since`; tell whether it worked.
-- Two claims at once: the second waits for the first one's transaction and then sees it.
create function lookup_claim(
  of_account bigint, wanted text, taker text, taken_at timestamptz, says text, free_since timestamptz
) returns boolean
language plpgsql volatile security definer as $$
begin
  insert into submission_claim (tenant, account, identity, submission, claimed_at, said)
  values (current_setting('gatepost.tenant'), of_account, wanted, taker, taken_at, says)
  on conflict (tenant, account, identity) do update
    set submission = excluded.submission, claimed_at = excluded.claimed_at, said = excluded.said
    where submission_claim.claimed_at <= free_since;
  return found;
end $$;
select lookup_table('submission_claim', 'select, insert, update (submission, claimed_at, said)');

-- The last job of a kind and key, if one lives: it is locked, so that nobody ends it between this look and the commit.
create function lookup_job_ahead(asked_kind text, asked_key text) returns bigint
language plpgsql volatile security definer as $$
declare
  found_id bigint;
begin
  select id into found_id from job
  where tenant = current_setting('gatepost.tenant') and kind = asked_kind and key = asked_key
  order by id desc limit 1 for key share;
  return found_id;
end $$;

do $$
declare
  signature regprocedure;
begin
  foreach signature in array array[
    'lookup_heard(bigint, text, timestamptz)', 'lookup_met(bigint, text, timestamptz)',
    'lookup_claim(bigint, text, text, timestamptz, text, timestamptz)', 'lookup_job_ahead(text, text)'
  ]::regprocedure[] loop
    perform lookup_function(signature);
    execute format('grant execute on function %s to gatepost_accept', signature);
  end loop;
end $$;
