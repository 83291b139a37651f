-- Whose key it is, where that was said: what one person proposes no key of theirs approves (docs/adr/0112). Who is shut
-- out loses their keys.
alter table person add unique (tenant, id);
alter table api_key add column person text,
  add foreign key (tenant, person) references person (tenant, id) on delete cascade,
  add check (person is null or role <> 'agent');
create index on api_key (tenant, person) where person is not null;
