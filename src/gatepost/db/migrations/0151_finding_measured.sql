-- How far the index is behind, across all tenants; bounded as lookup_backlog is.
create function lookup_unindexed_backlog() returns table (waiting bigint, oldest timestamptz)
language sql stable security definer as $$
  select count(*), min(at) from (select at from unindexed limit 100000) as bounded
$$;
select lookup_function('lookup_unindexed_backlog()');

-- As in 0150, with shorter walks: measured in a mailbox of a million messages, where rare words waited for the first one.
create or replace function lookup_words(
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
select lookup_function('lookup_words(bigint, bigint[], bigint[], timestamptz, bigint, timestamptz, bigint)');
