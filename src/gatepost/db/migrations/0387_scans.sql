-- What scans for weak points said last, asset by asset: written by the trust room alone, in the public trust log's
-- name. The report is read again at each check; the log holds its SHA-256.
create table trust_scan (
  tenant  text not null,
  asset   text not null,
  at      timestamptz not null,
  report  bytea not null,
  primary key (tenant, asset)
);
select tenant_table('trust_scan', 'select, insert, update');
