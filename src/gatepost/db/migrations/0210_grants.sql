-- What the rule that let a message in grants for it: one row per message (docs/adr/0034).
--
-- sealed: the author's address key and the capabilities, in their policy's words.
create table message_grant (
  tenant          text        not null,
  email           text        not null,
  account         bigint      not null,
  thread          text        not null,
  rule            integer     not null,
  policy_version  integer     not null,
  tokens_message  bigint,
  tokens_thread   bigint,
  tokens_sender   bigint,
  tokens_day      bigint,
  issued_at       timestamptz not null,
  expires_at      timestamptz not null,
  likeness        bytea       not null, -- a keyed token: equal for equal capabilities and limits
  sealed          bytea       not null,
  primary key (tenant, email)
);
alter table message_grant alter column sealed set storage external;
create index on message_grant (tenant, account, thread);
select tenant_table('message_grant', 'select, insert');

-- Versions of policies whose grants count no more, from then on and for ever.
create table policy_revocation (
  tenant   text        not null,
  account  bigint      not null,
  version  integer     not null,
  at       timestamptz not null,
  actor    text        not null,
  primary key (tenant, account, version)
);
select tenant_table('policy_revocation', 'select, insert');
