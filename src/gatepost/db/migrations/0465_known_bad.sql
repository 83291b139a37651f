-- A table that the serving role may empty and do nothing else to: known to be bad, for the check that would find such a
-- right (log.append_only). It never holds a row.
create table known_bad (tenant text not null);
select tenant_table('known_bad', 'truncate');
