-- Which rules spoke and would speak, so that a changed decision can be judged by itself; replays from before do not tell.
alter table draft_replay_change
  add column was_rule text not null default '',
  add column now_rule text not null default '';
