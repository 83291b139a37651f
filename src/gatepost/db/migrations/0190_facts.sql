-- decide: what a rule may ask of the past, and windows that are not one author's.

-- Messages counted in a window besides their author's own: of a domain, of a rule. counted_as is a keyed token.
create table counted_message (
  tenant     text        not null,
  account    bigint      not null,
  counted_as text        not null,
  at         timestamptz not null, -- when it was received
  email      text        not null
);
create index on counted_message (tenant, account, counted_as, at);
select tenant_table('counted_message', 'select, insert, delete');

-- Authors of whom something was delivered to an account; author is the token that stands in delivered_message.sender.
create table known_author (
  tenant  text   not null,
  account bigint not null,
  author  text   not null,
  primary key (tenant, account, author)
);
select tenant_table('known_author', 'select, insert');
alter table delivered_message no force row level security; -- as in 0090
alter table known_author no force row level security;
insert into known_author select distinct tenant, account, sender from delivered_message;
alter table delivered_message force row level security;
alter table known_author force row level security;

-- A keyed token of author, Message-ID and body: equal where the same message is delivered again. Null before this.
alter table delivered_message add column mark text;
create index on delivered_message (tenant, account, mark, at) where mark is not null;

-- Whom an account has written to, and under which Message-ID; both are keyed tokens.
create table sent_message (
  tenant      text        not null,
  account     bigint      not null,
  message_key text        not null,
  recipient   text        not null,
  at          timestamptz not null,
  primary key (tenant, account, message_key, recipient)
);
select tenant_table('sent_message', 'select, insert');

-- As before, and: a window may be of several authors, and a sender's tokens may be asked for all time.
drop function count_windows(text, bigint, text, text, timestamptz);
create function count_windows(
  asked_tenant text, asked_account bigint, asked_sender text, asked_thread text, asked_at timestamptz,
  is_ever_asked boolean,
  out messages_hour bigint, out messages_day bigint, out tokens_thread bigint, out tokens_day bigint,
  out tokens_sender bigint
) language plpgsql volatile set search_path = public as $$
begin
  perform pg_advisory_xact_lock(
    hashtextextended(jsonb_build_array('decide', asked_tenant, asked_account, asked_sender)::text, 0));
  select count(*) filter (where at > asked_at - interval '3600 seconds'), count(*)
    into messages_hour, messages_day
    from (
      select at from delivered_message
        where tenant = asked_tenant and account = asked_account and sender = asked_sender
          and at > asked_at - interval '86400 seconds'
      union all
      select at from counted_message
        where tenant = asked_tenant and account = asked_account and counted_as = asked_sender
          and at > asked_at - interval '86400 seconds'
    ) as delivered;
  select coalesce(sum(tokens), 0) into tokens_thread
    from spent_token
    where tenant = asked_tenant and account = asked_account and thread = asked_thread;
  select coalesce(sum(tokens), 0) into tokens_day
    from spent_token
    where tenant = asked_tenant and account = asked_account and sender = asked_sender
      and at > asked_at - interval '86400 seconds';
  select coalesce(sum(tokens), 0) into tokens_sender
    from spent_token
    where is_ever_asked and tenant = asked_tenant and account = asked_account and sender = asked_sender;
end $$;
revoke execute on function count_windows(text, bigint, text, text, timestamptz, boolean) from public;
grant execute on function count_windows(text, bigint, text, text, timestamptz, boolean) to gatepost_app;
