-- Who said yes first to a petition, where the tenant wants two people to (docs/adr/0055).
alter table petition add column first_yes_by text;
