-- A house that was restored to an older point may have accepted entries under numbers its log had given to others
-- before. As long as such an entry has no place in the log it can take another number (docs/adr/0069): nothing of it
-- changes but that, and the number of the decision it follows where that was renumbered too. For the keeper alone.
do $$
declare
  name text;
  ours constant text := 'tenant = current_setting(''gatepost.tenant'', true)';
begin
  foreach name in array array['entry', 'opening', 'decision_row', 'consequence', 'unsequenced', 'erasure', 'telling',
    'trust_fact', 'trust_challenge', 'trust_head', 'status_hour', 'draft_replay_change', 'news_told', 'room_view']
  loop
    execute format('create policy renumber on %I to gatepost_lookup using (%s) with check (%s)', name, ours, ours);
    execute format('grant select on %I to gatepost_lookup', name);
    execute format(
      'grant update (%s) on %I to gatepost_lookup', case name when 'entry' then 'id, leaf' else 'entry' end, name);
  end loop;
end $$;

create function keeper_renumber(was bigint, becomes bigint, written bytea) returns void
language plpgsql volatile security definer as $$
declare
  name text;
begin
  if exists (select from leaf where entry = was) then
    raise exception 'entry % has its place in the log', was using errcode = 'check_violation';
  end if;
  update entry set id = becomes, leaf = written
  where id = was
    and convert_from(leaf, 'UTF8')::jsonb - 'seq' - 'prev_decision_ref'
      = convert_from(written, 'UTF8')::jsonb - 'seq' - 'prev_decision_ref'
    and (convert_from(written, 'UTF8')::jsonb ->> 'seq')::bigint = becomes;
  if not found then
    raise exception 'entry % may change its number and nothing else', was using errcode = 'check_violation';
  end if;
  foreach name in array array['opening', 'decision_row', 'consequence', 'unsequenced', 'erasure', 'telling',
    'trust_fact', 'trust_challenge', 'trust_head', 'status_hour', 'draft_replay_change', 'news_told', 'room_view']
  loop
    execute format(
      'update %I set entry = $2 where entry = $1 and tenant = current_setting(''gatepost.tenant'', true)', name)
      using was, becomes;
  end loop;
end $$;
select lookup_function('keeper_renumber(bigint, bigint, bytea)');
revoke execute on function keeper_renumber(bigint, bigint, bytea) from gatepost_app;
grant execute on function keeper_renumber(bigint, bigint, bytea) to gatepost_keeper;
