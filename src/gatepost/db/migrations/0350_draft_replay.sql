-- Drafts judged on past mail, as jobs that can be asked how far they are (docs/adr/0047).

-- `last` is the entry that was judged last: whoever goes on after a restart begins there. `sealed` holds the draft.
create table draft_replay (
  tenant      text        not null,
  id          text        not null,
  account     bigint      not null,
  since       timestamptz not null,
  state       text        not null default 'running' check (state in ('running', 'done', 'failed')),
  reason      text        not null default '',
  started_at  timestamptz not null,
  started_by  text        not null,
  touched_at  timestamptz not null,
  total       bigint      not null default 0,
  last        bigint      not null default 0,
  same        bigint      not null default 0,
  changed     bigint      not null default 0,
  no_text     bigint      not null default 0,
  undecidable bigint      not null default 0,
  sealed      bytea       not null,
  primary key (tenant, id)
);
select tenant_table('draft_replay', 'select, insert, update, delete');

-- Each decision that would be another; ids and codes only.
create table draft_replay_change (
  tenant      text   not null,
  replay      text   not null,
  entry       bigint not null,
  account     bigint not null,
  email       text   not null,
  was         text   not null,  -- disposition
  was_reason  text   not null,
  now         text   not null,
  now_reason  text   not null,
  primary key (tenant, replay, entry),
  foreign key (tenant, replay) references draft_replay (tenant, id) on delete cascade
);
select tenant_table('draft_replay_change', 'select, insert');
