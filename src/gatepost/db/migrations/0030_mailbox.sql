-- Messages at rest. The octets lie in the blob store; what people and webhooks read of them lies here.
create table email (
  seq bigint generated always as identity unique,  -- the order of arrival: pages and threads go by it
  tenant text not null,
  id text not null,
  account bigint not null,
  thread text not null,
  blob text not null,
  size_octets bigint not null,
  received_at timestamptz not null,
  author text not null,
  recipient text not null,
  reply_to text[] not null,
  subject text not null,
  body_text text not null,
  message_id text not null,
  refs text[] not null,
  is_proven boolean not null,
  is_automatic boolean not null,
  capabilities text[] not null,
  verification jsonb not null,
  primary key (tenant, id)
);
create index email_by_account on email (tenant, account, seq);
create index email_by_thread on email (tenant, account, thread, seq);
select tenant_table('email', 'select, insert');

-- Which thread a Message-ID belongs to. The key is the SHA-256 of the id: strangers write ids of any length.
create table thread_message (
  tenant text not null,
  account bigint not null,
  message_key bytea not null,
  thread text not null,
  primary key (tenant, account, message_key)
);
select tenant_table('thread_message', 'select, insert');
