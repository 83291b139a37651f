-- deliver: who was mailed about which hold, so that several that wait are told in one mail (docs/adr/0146).
create table hold_asked (
  tenant  text        not null,
  account bigint      not null,
  person  text        not null,
  hold    text        not null,
  at      timestamptz not null, -- of the mail: those told in one have the same
  primary key (tenant, account, person, hold)
);
select tenant_table('hold_asked', 'select, insert');
select keeper_table('hold_asked', 'select, delete');
