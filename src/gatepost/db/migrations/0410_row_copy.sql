-- Of each whole bundle of rows that the sequencer put on the second store, a seal that only the house can write: a file
-- that still fits it is what was written. A row that is missing here, or another, makes a verification compare every row.
create table row_copy (
  tenant text not null,
  bundle bigint not null,
  seal   bytea not null,
  primary key (tenant, bundle)
);
select tenant_table('row_copy', 'select, insert');
