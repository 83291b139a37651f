-- What agents ask of people: that somebody may write, or to leave the sandbox (docs/adr/0048).
--
-- sealed: why, in the agent's words, and the address that is proposed.
create table petition (
  tenant          text        not null,
  id              text        not null,
  account         bigint      not null,
  kind            text        not null check (kind in ('sender', 'promotion')),
  state           text        not null default 'waiting' check (state in ('waiting', 'approved', 'denied')),
  likeness        bytea       not null, -- a keyed token: equal where the same is asked
  proposer        text        not null,
  email           text,                 -- the message it rests on, where the agent named one
  made_at         timestamptz not null,
  expires_at      timestamptz not null,
  settled_at      timestamptz,
  settled_by      text,
  policy_version  integer,              -- that an approval made
  sealed          bytea       not null,
  primary key (tenant, id)
);
alter table petition alter column sealed set storage external;
create index on petition (tenant, account, made_at desc, id);
select tenant_table('petition', 'select, insert, update');
