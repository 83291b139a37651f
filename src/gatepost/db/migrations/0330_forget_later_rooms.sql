-- The keeper reaches what came since of persons: turns of hosted agents and what they cost, correspondents, sent mail.
select keeper_table(name, 'select, delete') from unnest(array['turn', 'turn_step', 'model_call', 'correspondent',
  'outgoing_message']) as name;
create trigger nothing_goes_unsaid before delete on turn for each statement execute function nothing_goes_unsaid();
create trigger nothing_goes_unsaid before delete on turn_step for each statement execute function nothing_goes_unsaid();
create index turn_by_email on turn (tenant, email);

-- Who is known is forgotten by age, counted from the last mail, to within a day. Of rows that never said, from today.
alter table known_author add column last_at timestamptz not null default now();
alter table known_author alter column last_at drop default;
grant update (last_at) on known_author to gatepost_app;
create index known_author_age on known_author (tenant, last_at);
alter table correspondent rename column since to last_at;
alter table correspondent no force row level security; -- as in 0090
update correspondent set last_at = now();
alter table correspondent force row level security;
grant update (last_at) on correspondent to gatepost_app;
create index correspondent_age on correspondent (tenant, last_at);
