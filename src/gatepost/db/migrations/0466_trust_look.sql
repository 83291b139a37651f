-- What asked the house that is up to look at all its claims now; answered once every result is stated.
create table trust_look (
  tenant text not null,
  id text not null,
  asked_at timestamptz not null,
  answered_at timestamptz,
  primary key (tenant, id)
);
select tenant_table('trust_look', 'select, insert, delete');
grant update (answered_at) on trust_look to gatepost_app;
