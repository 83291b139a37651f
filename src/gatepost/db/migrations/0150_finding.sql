-- Finding mail by its words (docs/adr/0028). No word stands here: tokens are keyed hashes, of one account and one field.

-- One row for each kept message that is indexed. `sealed_under` names the keys of the message: where one of them is
-- destroyed, the row goes too, for whoever has the tenant's key could still ask it for words.
create table email_words (
  tenant        text not null,
  account       bigint not null,
  at            timestamptz not null,
  seq           bigint not null,
  email         text not null,
  sealed_under  bytea not null,
  tokens        bigint[] not null,
  primary key (tenant, account, at, seq)
) with (toast_tuple_target = 8160);
alter table email_words alter column tokens set storage external;  -- random numbers do not compress
create index email_words_tokens on email_words using gin (tokens) with (gin_pending_list_limit = 512);
select tenant_table('email_words', 'select, insert, delete'), lookup_table('email_words', 'select');

-- Kept messages that are not indexed yet. A queue and no watermark: numbers may commit out of order.
create table unindexed (
  tenant   text not null,
  account  bigint not null,
  at       timestamptz not null,
  seq      bigint not null,
  email    text not null,
  primary key (tenant, account, at, seq)
);
select tenant_table('unindexed', 'select, insert, delete'), lookup_table('unindexed', 'select');
alter table email no force row level security;  -- as in 0090: the owner sees all rows, also where it is no superuser
alter table unindexed no force row level security;
insert into unindexed (tenant, account, at, seq, email) select tenant, account, received_at, seq, id from email;
alter table email force row level security;
alter table unindexed force row level security;

-- Tenants with mail to index, each found by one step through the index.
create function lookup_unindexed() returns setof text
language sql stable security definer as $$
  with recursive waiting as (
    (select tenant from unindexed order by tenant limit 1)
    union all
    select (select next.tenant from unindexed as next where next.tenant > waiting.tenant order by next.tenant limit 1)
    from waiting where waiting.tenant is not null
  )
  select tenant from waiting where tenant is not null
$$;

-- Tenants with indexed mail, likewise.
create function lookup_worded() returns setof text
language sql stable security definer as $$
  with recursive worded as (
    (select tenant from email_words order by tenant limit 1)
    union all
    select (select next.tenant from email_words as next where next.tenant > worded.tenant order by next.tenant limit 1)
    from worded where worded.tenant is not null
  )
  select tenant from worded where tenant is not null
$$;

-- The account's newest messages below a place that have all the wanted tokens and none of the unwanted.
--
-- It crosses no tenant: it binds the one of the caller's transaction by itself. It is a function because PostgreSQL does
-- not let a GIN index see values before row-level security has let the row pass (`@>` is not leakproof).
--
-- Words that are common are met soon by walking down from the newest; words that are rare are few in the index. Neither
-- way alone is quick for both, so what the newest messages say decides how to go on.
create function lookup_words(
  of_account bigint, wanted bigint[], unwanted bigint[], below_at timestamptz, below_seq bigint, since timestamptz,
  size bigint)
returns table (found_at timestamptz, found_seq bigint, found_email text)
language plpgsql stable security definer as $$
declare
  of_tenant constant text := current_setting('gatepost.tenant', true);
  walk constant int := 2048;    -- messages of one walk: some 3 ms
  worth constant int := 10;     -- hits in a walk that make another one cheaper than asking the index
  left_over bigint := size;
  hits bigint;
  end_at timestamptz;
  end_seq bigint;
begin
  loop
    select w.at, w.seq into end_at, end_seq from email_words as w
      where w.tenant = of_tenant and w.account = of_account and (w.at, w.seq) < (below_at, below_seq) and w.at >= since
      order by w.at desc, w.seq desc offset walk - 1 limit 1;
    return query
      select w.at, w.seq, w.email from (
        select * from email_words as near
        where near.tenant = of_tenant and near.account = of_account and (near.at, near.seq) < (below_at, below_seq)
          and (near.at, near.seq) >= (coalesce(end_at, since), coalesce(end_seq, 0))
        order by near.at desc, near.seq desc offset 0) as w  -- the fence keeps this a walk
      where w.tokens @> wanted and not w.tokens && unwanted
      limit left_over;
    get diagnostics hits = row_count;
    left_over := left_over - hits;
    if left_over = 0 or end_at is null then
      return;
    end if;
    below_at := end_at;
    below_seq := end_seq;
    exit when hits < worth and cardinality(wanted) > 0;
  end loop;
  return query
    with holding as materialized (
      select w.tenant, w.account, w.at, w.seq, w.email from email_words as w
      where w.tokens @> wanted and not w.tokens && unwanted)
    select w.at, w.seq, w.email from holding as w
    where w.tenant = of_tenant and w.account = of_account and (w.at, w.seq) < (below_at, below_seq) and w.at >= since
    order by w.at desc, w.seq desc limit left_over;
end $$;

-- How far the index is behind, across all tenants; bounded as lookup_backlog is.
create function lookup_unindexed_backlog() returns table (waiting bigint, oldest timestamptz)
language sql stable security definer as $$
  select count(*), min(at) from (select at from unindexed limit 100000) as bounded
$$;

select lookup_function('lookup_unindexed()'), lookup_function('lookup_worded()'),
  lookup_function('lookup_unindexed_backlog()'),
  lookup_function('lookup_words(bigint, bigint[], bigint[], timestamptz, bigint, timestamptz, bigint)');
