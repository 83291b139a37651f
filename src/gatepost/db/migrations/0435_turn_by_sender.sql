-- How many turns one author's mail began in the last day, whatever threads it was in: asked as each turn begins.
create index turn_by_sender on turn (tenant, account, sender, began_at);
