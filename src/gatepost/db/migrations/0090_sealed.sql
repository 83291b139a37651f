-- What concerns a person is sealed (docs/adr/0022): a copy of the database says nothing without the key store. Here the
-- columns for it are added; then the rows of an earlier schema are sealed (app/seal.py); 0091 takes the clear ones away.

-- Which key store this database is sealed under; a house with another one does not start.
create table key_store (
  single boolean primary key default true check (single),
  id text not null
);
grant select, insert on key_store to gatepost_lookup;

create function lookup_key_store(offered text) returns text
language plpgsql volatile security definer as $$
begin
  insert into key_store (id) values (offered) on conflict do nothing;
  return (select id from key_store);
end $$;
select lookup_function('lookup_key_store(text)');

-- sealed: author, recipient, reply_to, subject, text, message_id, references, capabilities, verification, and the hash
-- of the octets. Sealed octets do not compress.
alter table email add column sealed bytea;
alter table email alter column sealed set storage external;
alter table email
  alter column blob drop not null, alter column author drop not null, alter column recipient drop not null,
  alter column reply_to drop not null, alter column subject drop not null, alter column body_text drop not null,
  alter column message_id drop not null, alter column refs drop not null, alter column capabilities drop not null,
  alter column verification drop not null;

alter table body add column sealed bytea;
alter table body alter column sealed set storage external;
alter table body alter column octets drop not null;

alter table opening add column sealed bytea;
alter table opening alter column sealed set storage external;
alter table opening alter column opening drop not null;

-- sealed: blob, mail_from, rcpt_to.
alter table submission add column sealed bytea;
alter table submission alter column blob drop not null, alter column rcpt_to drop not null;

-- sealed: document and warnings.
alter table policy add column sealed bytea;
alter table policy alter column document drop not null, alter column warnings drop not null;

alter table tenant add column sealed bytea;  -- its name
alter table tenant alter column name drop not null;
alter table account add column sealed bytea;  -- its address, as below
alter table account alter column address drop not null;
alter table person add column sealed bytea;
alter table person alter column address drop not null;
alter table route add column sealed bytea;
alter table route alter column address drop not null;
alter table api_key add column sealed bytea;  -- its label
alter table api_key alter column label drop not null;
alter table webhook add column sealed bytea;  -- its URL
alter table webhook alter column url drop not null;

-- These keep their columns, and hold keyed tokens from now on: account.address_key, person.address_key,
-- route.address_key, delivered_message.sender, spent_token.sender, submission_claim.identity (hex),
-- thread_message.message_key (octets).

create function lookup_sealed_tenants()
returns table (tenant text, sealed bytea, plan text)
language sql stable security definer as $$
  select tenant, sealed, plan from tenant order by created_at, tenant
$$;
select lookup_function('lookup_sealed_tenants()');

-- Until 0091 the owner sees all rows, also where it is no superuser: what it did not see it could not seal.
do $$
declare name text;
begin
  foreach name in array array['email', 'body', 'opening', 'submission', 'submission_claim', 'policy', 'tenant', 'account',
    'person', 'route', 'api_key', 'webhook', 'dkim_key', 'log_key', 'delivered_message', 'spent_token',
    'thread_message', 'decision_row', 'entry']
  loop
    execute format('alter table %I no force row level security', name);
  end loop;
end $$;
