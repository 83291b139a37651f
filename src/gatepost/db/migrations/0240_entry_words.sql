-- Finding entries of the record by what they say (docs/adr/0039). No word stands here: tokens are keyed hashes of one
-- tenant, so that a copy of the database says who wrote to nobody.
--
-- A partition for each month that has entries. Pages go from the newest back, so a search opens one partition after the
-- other and stops when the page is full; each has an index of tokens small enough to stay in memory; and what a month's
-- key sealed lies in one table. gatepost_lookup owns them: it makes a partition when a month begins.
create table entry_words (
  tenant        text not null,
  at            timestamptz not null,
  entry         bigint not null,
  sealed_under  bytea not null,  -- which keys the opening needs; empty where its words are gone
  tokens        bigint[] not null,
  primary key (tenant, at, entry)
) partition by range (at);
create index entry_words_tokens on entry_words using gin (tokens) with (gin_pending_list_limit = 512);
select tenant_table('entry_words', 'select, insert, delete'), lookup_table('entry_words', 'select');

-- How far a tenant's log is indexed: a place in the log and no queue, for places have no gaps.
create table entry_words_done (
  tenant      text primary key,
  next_index  bigint not null
);
select tenant_table('entry_words_done', 'select, insert, update'), lookup_table('entry_words_done', 'select');
select lookup_table('leaf', 'select');

do $$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant gatepost_lookup to %I', current_user);
  end if;
end $$;
grant create on schema public to gatepost_lookup;
alter table entry_words owner to gatepost_lookup;

-- Make the partition of the month in which `moment` lies, where there is none. Names and bounds are UTC.
create function lookup_month(moment timestamptz) returns void
language plpgsql volatile security definer as $$
declare
  first constant timestamp := date_trunc('month', moment at time zone 'UTC');
  part constant text := 'entry_words_' || to_char(first, 'YYYY_MM');
begin
  if to_regclass('public.' || part) is null then
    perform pg_advisory_xact_lock(hashtextextended(part, 0));
    execute format('create table if not exists %I partition of entry_words for values from (%L) to (%L)', part,
      first at time zone 'UTC', (first + interval '1 month') at time zone 'UTC');
    execute format('alter table %I alter column tokens set storage external', part);
    execute format('alter table %I enable row level security', part);  -- nobody but its owner reads it by its own name
  end if;
end $$;

-- The tenant's newest entries below a place that have all the wanted tokens.
--
-- It crosses no tenant: it binds the one of the caller's transaction by itself. It is a function for two reasons:
-- PostgreSQL lets no GIN index see values before row-level security has let the row pass, and no plan made beforehand
-- knows whether a token is common (then the newest entries hold a page of it) or rare (then the index does). So it walks
-- down from the newest, and asks the index as soon as what it saw says that this is less work.
create function lookup_entries(
  wanted bigint[], below_at timestamptz, below_entry bigint, since timestamptz, size bigint)
returns table (found_at timestamptz, found_entry bigint)
language plpgsql stable security definer rows 60 as $$
declare
  of_tenant constant text := current_setting('gatepost.tenant', true);
  step constant int := 512;      -- rows between two looks at how it goes
  dearer constant int := 3;      -- a row by the index costs as much as so many of a walk
  left_over bigint := size;
  seen bigint := 0;              -- rows walked, and how many of them were hits; the index's rows count too
  hits bigint := 0;
  walked int;
  part record;
  near record;
  is_rare boolean;
begin
  for part in
    select child.oid::regclass as name, greatest(child.reltuples, 1000) as rows,
      to_timestamp(right(child.relname, 7) || ' +00', 'YYYY_MM TZH') as first
    from pg_inherits join pg_class as child on child.oid = inhrelid
    where inhparent = 'entry_words'::regclass order by child.relname desc
  loop
    continue when part.first > below_at;
    exit when part.first + interval '32 days' < since;
    is_rare := seen >= step and left_over * seen * seen > dearer * part.rows * hits * hits;
    while not is_rare loop
      walked := 0;
      for near in execute format(
        'select at, entry, tokens @> $1 as is_hit from %s where tenant = $2 and (at, entry) < ($3, $4) and at >= $5'
        ' order by at desc, entry desc limit $6', part.name)
        using wanted, of_tenant, below_at, below_entry, since, step
      loop
        walked := walked + 1;
        seen := seen + 1;
        below_at := near.at;
        below_entry := near.entry;
        if near.is_hit then
          found_at := near.at;
          found_entry := near.entry;
          return next;
          hits := hits + 1;
          left_over := left_over - 1;
          if left_over = 0 then
            return;
          end if;
        end if;
      end loop;
      exit when walked < step;  -- the partition ends here
      is_rare := left_over * seen * seen > dearer * part.rows * hits * hits;
    end loop;
    if is_rare then
      for near in execute format(
        'with holding as materialized (select tenant, at, entry from %s where tokens @> $1)'
        ' select at, entry from holding where tenant = $2 and (at, entry) < ($3, $4) and at >= $5'
        ' order by at desc, entry desc limit $6', part.name)
        using wanted, of_tenant, below_at, below_entry, since, left_over
      loop
        found_at := near.at;
        found_entry := near.entry;
        return next;
        hits := hits + 1;
        left_over := left_over - 1;
        if left_over = 0 then
          return;
        end if;
      end loop;
      seen := seen + part.rows::bigint;
    end if;
  end loop;
end $$;

-- Tenants whose log is longer than what is indexed of it.
create function lookup_unworded() returns setof text
language sql stable security definer as $$
  select log_key.tenant from log_key left join entry_words_done as done on done.tenant = log_key.tenant
  where exists (
    select from leaf where leaf.tenant = log_key.tenant and leaf.leaf_index >= coalesce(done.next_index, 0))
$$;

select lookup_function('lookup_month(timestamptz)'), lookup_function('lookup_unworded()'),
  lookup_function('lookup_entries(bigint[], timestamptz, bigint, timestamptz, bigint)');
