-- What an entry is found by has a seal: a keyed hash over the tokens and whose they are. Whoever changes the index without
-- the tenant's key is found out by `gatepost log verify`, at a tenth of the cost of making the words anew.
-- The index is made anew over the next minutes; meanwhile searches say how many entries it lacks.
truncate entry_words;
truncate entry_words_done;
alter table entry_words add column seal bytea not null;
