-- Who wants to be told of changes and incidents. Written by the trust room alone, in the public trust log's name.

-- Addresses and URLs are sealed; `target_key` is a keyed hash, by which one of them is found again.
create table subscriber (
  tenant        text not null,
  id            text not null,
  channel       text not null check (channel in ('mail', 'webhook')),
  target_key    text not null,
  sealed        bytea not null,
  topics        text[] not null,       -- what is told; empty until somebody confirmed it
  wanted        text[] not null,       -- what was asked for last
  asked_at      timestamptz not null,
  round         integer not null,      -- of the confirmation whose link counts; each link counts once
  confirmed_at  timestamptz,
  primary key (tenant, id),
  unique (tenant, channel, target_key)
);
create index subscriber_asked on subscriber (tenant, asked_at);
select tenant_table('subscriber', 'select, insert, update, delete');

-- Facts of the public trust log that subscribers were told of: each once.
create table news_told (
  tenant  text not null,
  entry   bigint not null,
  at      timestamptz not null,
  primary key (tenant, entry)
);
select tenant_table('news_told', 'select, insert, delete');
