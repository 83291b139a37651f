-- Mail on its way out. One row per submission; each attempt is an entry of the record as well.
create table submission (
  tenant text not null,
  id text not null,
  email text not null,
  answers text not null,              -- the kept email it answers
  account bigint not null,
  blob text not null,
  author_domain text not null,        -- whose DKIM keys sign it
  mail_from text,                     -- null: the null reverse-path
  rcpt_to text not null,
  state text not null default 'queued' check (state in ('queued', 'deferred', 'sent', 'failed')),
  attempts integer not null default 0,
  reply_code integer not null default 0,  -- what the remote said last; 0 where it said nothing
  submitted_at timestamptz not null,
  due_at timestamptz not null,
  settled_at timestamptz,
  primary key (tenant, id)
);
select tenant_table('submission', 'select, insert, update');

-- What makes a submission the same one when it is repeated: claimed for 24 hours, then free again.
create table submission_claim (
  tenant text not null,
  account bigint not null,
  identity text not null,
  submission text not null,
  claimed_at timestamptz not null,
  primary key (tenant, account, identity)
);
select tenant_table('submission_claim', 'select, insert, update');
