-- Widening changes need a second person where the tenant says so (docs/adr/0047).

alter table tenant add column needs_second_person boolean not null default false;
grant update (needs_second_person) on tenant to gatepost_app;

-- `digest` is what an approval is bound to: the document, and the version in force that it was compared with.
-- `sealed` holds the document, what was said for it and against it, and a mail that shows the widening.
create table policy_proposal (
  tenant       text        not null,
  id           text        not null,
  account      bigint      not null,
  state        text        not null default 'waiting' check (state in ('waiting', 'approved', 'refused')),
  live_version integer     not null,  -- 0: none was in force
  digest       text        not null,
  verdict      text        not null,
  replay       text        not null,
  proposed_at  timestamptz not null,
  proposed_by  text        not null,
  settled_at   timestamptz,
  settled_by   text,
  version      integer,               -- what came of it
  sealed       bytea       not null,
  primary key (tenant, id)
);
create index on policy_proposal (tenant, account, proposed_at desc, id);
select tenant_table('policy_proposal', 'select, insert');
grant update (state, settled_at, settled_by, version) on policy_proposal to gatepost_app;
