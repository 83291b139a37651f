-- How far the check of the logs has read each log again, and what it found inconsistent and not sound since. The house's
-- own books, in the public trust log's name.
create table log_reading (
  tenant       text not null,
  log          text not null,
  next_bundle  bigint not null,
  looked_at    timestamptz not null,
  since        timestamptz not null,
  whole_at     timestamptz,
  bundles      bigint[] not null,
  heads        bigint[] not null,
  primary key (tenant, log)
);
select tenant_table('log_reading', 'select, insert, update');
