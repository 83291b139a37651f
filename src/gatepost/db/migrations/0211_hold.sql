-- Messages that wait for a person (docs/adr/0034). Their octets lie in `body`, or in the object store.
--
-- sealed: the digest an approval is bound to, who wrote to whom, the subject, and the paper the journey goes on with.
create table hold (
  tenant           text        not null,
  id               text        not null,
  account          bigint      not null,
  email            text        not null,
  direction        text        not null check (direction in ('inbound', 'outbound')),
  reason           text        not null,
  state            text        not null default 'waiting' check (state in ('waiting', 'released', 'refused')),
  default_outcome  text        not null check (default_outcome in ('deliver', 'refuse')),
  proposer         text,                -- the key that submitted it; null for mail from strangers
  size_octets      bigint      not null,
  held_at          timestamptz not null,
  expires_at       timestamptz not null,
  settled_at       timestamptz,
  settled_by       text,
  settled_reason   text,
  sealed           bytea       not null,
  primary key (tenant, id)
);
alter table hold alter column sealed set storage external;
create index on hold (tenant, account, held_at desc, id);
select tenant_table('hold', 'select, insert, update');

-- What a person refused is kept no longer.
grant delete on body to gatepost_app;

-- Whatever a sandboxed account sends waits for a person.
alter table account add column is_sandboxed boolean not null default false;
grant update (is_sandboxed) on account to gatepost_app;
