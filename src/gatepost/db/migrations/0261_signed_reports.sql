-- Which signed reports of usage were taken, so that none counts twice. A signature is too old after minutes, and its row
-- with it.
create table usage_report (
  tenant text not null,
  id text not null,
  at timestamptz not null,
  primary key (tenant, id)
);
select tenant_table('usage_report', 'select, insert, delete');
