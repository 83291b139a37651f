-- The authors and correspondents of a commit are written by one call each: what a call costs is not paid for each person.

drop function lookup_heard(bigint, text, timestamptz);
drop function lookup_met(bigint, text, timestamptz);

-- Authors were heard, each by one account: new, or again. A time never goes back.
create function lookup_heard(accounts bigint[], authors text[], times timestamptz[]) returns void
language plpgsql volatile security definer as $$
begin
  insert into known_author (tenant, account, author, last_at)
  select current_setting('gatepost.tenant'), given.account, given.author, max(given.at)
  from unnest(accounts, authors, times) as given (account, author, at)
  group by given.account, given.author
  order by given.account, given.author  -- so that two writers cannot lock each other out
  on conflict (tenant, account, author)
    do update set last_at = greatest(known_author.last_at, excluded.last_at);
end $$;

-- Correspondents were written with, each by one account: new, or again. A time never goes back.
create function lookup_met(accounts bigint[], persons text[], times timestamptz[]) returns void
language plpgsql volatile security definer as $$
begin
  insert into correspondent (tenant, account, person, last_at)
  select current_setting('gatepost.tenant'), given.account, given.person, max(given.at)
  from unnest(accounts, persons, times) as given (account, person, at)
  group by given.person, given.account
  order by given.person, given.account  -- as above
  on conflict (tenant, person, account)
    do update set last_at = greatest(correspondent.last_at, excluded.last_at);
end $$;

do $$
declare
  signature regprocedure;
begin
  foreach signature in array array[
    'lookup_heard(bigint[], text[], timestamptz[])', 'lookup_met(bigint[], text[], timestamptz[])'
  ]::regprocedure[] loop
    perform lookup_function(signature);
    execute format('grant execute on function %s to gatepost_accept', signature);
  end loop;
end $$;
