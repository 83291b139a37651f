-- decide: how much waits for a person already (docs/adr/0145).

-- What waits, and in whose name. author and domain are keyed tokens; empty where nobody proved who wrote it.
create table waiting_message (
  tenant  text   not null,
  account bigint not null,
  email   text   not null,
  author  text   not null,
  domain  text   not null,
  primary key (tenant, email)
);
create index on waiting_message (tenant, account);
select tenant_table('waiting_message', 'select, insert, delete');
select keeper_table('waiting_message', 'select, delete');
select accept_table('waiting_message', 'select, insert');

alter table hold no force row level security; -- as in 0090
alter table waiting_message no force row level security;
insert into waiting_message select tenant, account, email, '', '' from hold where state = 'waiting';
alter table hold force row level security;
alter table waiting_message force row level security;

-- Count what waits in a mailbox, and let nobody else add to it until the transaction ends.
create function count_waiting(
  asked_tenant text, asked_account bigint, asked_author text, asked_domain text,
  out of_author bigint, out of_domain bigint, out of_mailbox bigint
) language plpgsql volatile set search_path = public as $$
begin
  perform pg_advisory_xact_lock(
    hashtextextended(jsonb_build_array('waiting', asked_tenant, asked_account)::text, 0));
  select count(*) filter (where author = asked_author), count(*) filter (where domain = asked_domain), count(*)
    into of_author, of_domain, of_mailbox
    from waiting_message where tenant = asked_tenant and account = asked_account;
end $$;
revoke execute on function count_waiting(text, bigint, text, text) from public;
grant execute on function count_waiting(text, bigint, text, text) to gatepost_app, gatepost_accept;
