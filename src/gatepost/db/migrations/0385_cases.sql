-- Reports from outside, as far as they are nobody's business: written by the trust room alone, in the public trust
-- log's name. That a case exists, and its clock, stands in the log; where its report lies, here.

-- Where the report of a case lies: a message in the mailbox of a published contact, or what a form said, sealed.
create table trust_case (
  tenant        text not null,
  id            text not null,
  received_at   timestamptz not null,
  email_tenant  text,
  account       bigint,
  email         text,
  thread        text,
  sealed        bytea,
  primary key (tenant, id),
  check ((sealed is null) <> (email is null))
);
create unique index trust_case_thread on trust_case (tenant, email_tenant, account, thread);
create index trust_case_received on trust_case (tenant, received_at);
select tenant_table('trust_case', 'select, insert, delete');

-- The newest message of a contact's mailbox that was looked at.
create table trust_case_mark (
  tenant        text not null,
  email_tenant  text not null,
  account       bigint not null,
  email         text not null,
  primary key (tenant, email_tenant, account)
);
select tenant_table('trust_case_mark', 'select, insert, update');
