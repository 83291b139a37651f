-- How many keys a key store has had made, as far as this database was told: one that has had fewer is an older copy of
-- it (docs/adr/0080). Not in key_store, whose rows nobody changes; this grows.
create table keys_made (
  store text primary key,
  made bigint not null
);
grant select, insert, update on keys_made to gatepost_lookup;

create function lookup_keys_made(asked text, offered bigint) returns bigint
language plpgsql volatile security definer as $$
begin
  if offered > coalesce((select made from keys_made where store = asked), -1) then
    insert into keys_made (store, made) values (asked, offered)
    on conflict (store) do update set made = excluded.made where keys_made.made < excluded.made;
  end if;
  return (select made from keys_made where store = asked);
end $$;
select lookup_function('lookup_keys_made(text, bigint)');
