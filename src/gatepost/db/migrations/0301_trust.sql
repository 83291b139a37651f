-- Trust: what is found in the public trust log, and what its commitments hide. Written by the trust room alone.
--
-- The public trust log is a log like a tenant's, under the reserved name `trust`; the facts themselves stand in its
-- leaves, in clear. These tables say where.

-- One fact of the public trust log: a claim's result, a revision of the operator's folder, a round of tenants' heads.
create table trust_fact (
  entry    bigint primary key,
  tenant   text not null,
  subject  text not null,
  outcome  text not null,
  at       timestamptz not null
);
create index trust_fact_subject on trust_fact (tenant, subject, entry desc);
select tenant_table('trust_fact', 'select, insert');

-- A visitor's challenge: the SHA-256 of a nonce, and the entry that answers it.
create table trust_challenge (
  nonce     text primary key,
  tenant    text not null,
  asked_at  timestamptz not null,
  entry     bigint
);
create index trust_challenge_open on trust_challenge (tenant, asked_at) where entry is null;
create index trust_challenge_asked on trust_challenge (tenant, asked_at);
select tenant_table('trust_challenge', 'select, insert, update, delete');

-- A tenant's own part of a round of blinded heads: what opens its commitment in the public trust log.
create table trust_head (
  tenant  text not null,
  entry   bigint not null,
  size    bigint not null,
  root    bytea not null,
  salt    bytea not null,
  place   bigint not null,
  width   bigint not null,
  path    bytea not null,
  at      timestamptz not null,
  primary key (tenant, entry)
);
select tenant_table('trust_head', 'select, insert, delete');
