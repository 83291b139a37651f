-- record: how far the index of entries is behind, across all tenants, as lookup_unindexed_backlog says of mail.

-- Two steps through an index for each tenant, however much waits: places have no gaps.
create function lookup_unworded_backlog() returns table (waiting bigint, oldest timestamptz)
language sql stable security definer as $$
  select coalesce(sum(last.leaf_index + 1 - behind.next_index), 0)::bigint, min(first.at)
  from (
    select log_key.tenant, coalesce(done.next_index, 0) as next_index
    from log_key left join entry_words_done as done on done.tenant = log_key.tenant
  ) as behind
  cross join lateral (
    select leaf_index from leaf where leaf.tenant = behind.tenant order by leaf_index desc limit 1) as last
  cross join lateral (
    select entry.at from leaf join entry on entry.id = leaf.entry
    where leaf.tenant = behind.tenant and leaf.leaf_index = behind.next_index) as first
$$;
select lookup_function('lookup_unworded_backlog()');
