-- The keeper reaches what came since: messages that wait for a person, grants, tokens set aside.
select keeper_table(name, 'select, delete') from unnest(array['hold', 'message_grant', 'token_reservation']) as name;
create trigger nothing_goes_unsaid before delete on hold for each statement execute function nothing_goes_unsaid();

-- The octets of a message that a person refused go with that decision, which is an entry of its own: the serving role
-- may remove a body, and of what was recorded nothing.
drop trigger nothing_goes_unsaid on body;
create trigger nothing_goes_unsaid before delete on body for each statement
  when (current_user = 'gatepost_keeper') execute function nothing_goes_unsaid();
