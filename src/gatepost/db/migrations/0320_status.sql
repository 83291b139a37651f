-- The status page: what its probes saw. Written by the trust room alone, in the public trust log's name.

-- One round trip through one part of the house. Kept for two days; what lasts stands in hours and in the trust log.
create table status_sample (
  tenant      text not null,
  component   text not null,
  at          timestamptz not null,
  is_up       boolean not null,
  latency_ms  integer not null,
  reason      text not null,
  primary key (tenant, component, at)
);
select tenant_table('status_sample', 'select, insert, delete');

-- One whole hour of one part, with the entry of the trust log that states the same.
create table status_hour (
  tenant     text not null,
  component  text not null,
  hour       timestamptz not null,
  probes     integer not null,
  up         integer not null,
  p50_ms     integer not null,
  p95_ms     integer not null,
  entry      bigint not null,
  primary key (tenant, component, hour)
);
select tenant_table('status_hour', 'select, insert, delete');
