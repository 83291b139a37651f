-- Errors nobody expected, by what they are and where they were raised: written by the trust room alone, in the public
-- trust log's name. No row holds a word of an exception's text, which may quote a stranger's.
create table trust_fault (
  tenant       text not null,
  fingerprint  text not null,
  kind         text not null,
  place        text not null,
  during       text not null,
  count        bigint not null,
  first_at     timestamptz not null,
  last_at      timestamptz not null,
  primary key (tenant, fingerprint)
);
create index trust_fault_last on trust_fault (tenant, last_at);
select tenant_table('trust_fault', 'select, insert, update, delete');
