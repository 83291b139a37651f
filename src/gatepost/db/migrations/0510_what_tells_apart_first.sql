-- What tells a row apart stands first in the keys that accepting adds to (docs/adr/0159). Each step down an index compares
-- columns until two differ: of one tenant's rows the tenant never does, and as text it is the dearest to compare. Of each of
-- these tables another index still begins with the tenant, or nobody walks through all its rows of one tenant.

-- Ids, tokens and threads are random, so each is another row's at once.
alter table email drop constraint email_pkey, add primary key (id, tenant);
alter table message_grant drop constraint message_grant_pkey, add primary key (email, tenant);
alter table known_author drop constraint known_author_pkey, add primary key (author, account, tenant);
alter table correspondent drop constraint correspondent_pkey, add primary key (person, account, tenant);

-- An account is a number. A thread's end is looked for in its own account then.
alter table thread_message drop constraint thread_message_pkey, add primary key (account, message_key, tenant);

-- Where nothing has to be unique, the tenant need not stand in it: it is asked of the few rows that are found.
drop index email_by_thread;
create index email_by_thread on email (thread, seq);
drop index decision_row_email;
create index decision_row_email on decision_row (email);
drop index delivered_message_tenant_account_mark_at_idx;
create index delivered_message_mark on delivered_message (mark) where mark is not null;
drop index message_grant_tenant_account_thread_idx;
create index message_grant_thread on message_grant (thread);
drop index opening_subject;
create index opening_subject on opening (substring(sealed from 10 for 8))
  where substring(sealed from 10 for 8) <> '\x0000000000000000';
