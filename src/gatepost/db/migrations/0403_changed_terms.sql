-- What a message granted, and would grant, where that differs: capabilities are words of a policy, so they are sealed.
alter table draft_replay_change add column terms bytea;
