-- What mail and entries are found by has changed: whole sentences without spaces, domains as DNS has them, Arabic and Hebrew
-- without their points. Both indexes are made anew, by their indexers, after the start. Meanwhile mail is found more slowly, and searches for
-- entries say how many are not indexed.

truncate email_words;
alter table email no force row level security;  -- as in 0090
alter table unindexed no force row level security;
insert into unindexed (tenant, account, at, seq, email)
  select tenant, account, received_at, seq, id from email on conflict do nothing;
alter table email force row level security;
alter table unindexed force row level security;

truncate entry_words;
truncate entry_words_done;
