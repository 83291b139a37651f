-- The document room: what lies there, who was let in until when, and every view. Written by the trust room alone, in the
-- public trust log's name. Who somebody is, and which documents' octets lie where, is sealed or in the object store.

create table room_file (
  tenant        text not null,
  id            text not null,
  title         text not null,
  media         text not null,
  sha256        text not null,
  published_at  timestamptz not null,
  primary key (tenant, id)
);
select tenant_table('room_file', 'select, insert, update, delete');

-- `target_key` is a keyed hash of the address. `round`: of the sign-in link that counts; each counts once.
create table room_grant (
  tenant      text not null,
  id          text not null,
  target_key  text not null,
  sealed      bytea not null,
  state       text not null check (state in ('asked', 'approved', 'refused', 'revoked')),
  asked_at    timestamptz not null,
  decided_at  timestamptz,
  expires_at  timestamptz,
  round       integer not null default 0,
  link_at     timestamptz,
  nda_sha256  text,
  agreed_at   timestamptz,
  primary key (tenant, id)
);
create index room_grant_target on room_grant (tenant, target_key);
create index room_grant_asked on room_grant (tenant, asked_at);
select tenant_table('room_grant', 'select, insert, update, delete');

-- Who is inside: the SHA-256 of what their browser holds.
create table room_session (
  tenant      text not null,
  digest      bytea not null,
  grant_id    text not null,
  expires_at  timestamptz not null,
  primary key (tenant, digest)
);
create index room_session_grant on room_session (tenant, grant_id);
select tenant_table('room_session', 'select, insert, delete');

-- Every view, with its entry of the record.
create table room_view (
  tenant    text not null,
  entry     bigint not null,
  grant_id  text not null,
  file      text not null,
  sha256    text not null,
  at        timestamptz not null,
  primary key (tenant, entry)
);
select tenant_table('room_view', 'select, insert');
