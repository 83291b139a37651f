-- Tokens set aside before a model is called: they count until what was used is known, or the reservation lapses.
alter table spent_token add column email text;  -- null: spent before messages were told apart
create index on spent_token (tenant, account, email) include (tokens);

create table token_reservation (
  tenant      text        not null,
  id          text        not null,
  account     bigint      not null,
  email       text        not null,
  thread      text        not null,
  sender      text        not null, -- the author's address key, as a keyed token
  tokens      bigint      not null check (tokens > 0),
  at          timestamptz not null,
  expires_at  timestamptz not null,
  settled_at  timestamptz,
  primary key (tenant, id)
);
create index on token_reservation (tenant, account, expires_at) where settled_at is null;
create index on token_reservation (tenant, at);
select tenant_table('token_reservation', 'select, insert, update, delete');
