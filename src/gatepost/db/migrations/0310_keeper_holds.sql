-- The keeper reaches what came since: messages that wait for a person, grants, tokens set aside.
select keeper_table(name, 'select, delete') from unnest(array['message_grant', 'token_reservation']) as name;
grant delete on hold to gatepost_keeper;
create trigger nothing_goes_unsaid before delete on hold for each statement execute function nothing_goes_unsaid();
