-- The octets of what is kept, held or queued, up to 64 KiB; larger ones lie in the object store (docs/adr/0014).
create table body (
  tenant  text not null,
  email   text not null,
  octets  bytea not null,
  primary key (tenant, email)
);
-- Mail does not compress well enough to pay for trying, and pieces are read without unpacking the whole.
alter table body alter column octets set storage external;
select tenant_table('body', 'select, insert');

-- The same for the text beside it; and a number that counts up by itself needs no index to be unique.
alter table email alter column body_text set storage external;
alter table email drop constraint email_seq_key;
