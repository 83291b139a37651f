"""Has PostgreSQL note each row that changes, in whichever table, and who changed it."""

from typing import Any

import psycopg
from psycopg import sql

Owner = psycopg.Connection[Any]


def note_every_change(owner: Owner) -> None:
    """Begin to note, in every table there is now."""
    tables = owner.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    owner.execute(
        "create table changed (name text, by text);"
        "create function note_change() returns trigger language plpgsql security definer as"
        " 'begin insert into public.changed values (tg_relid::regclass, session_user); return null; end'"
    )
    query = "create trigger note_change after insert or update or delete on {} for each row execute function {}()"
    for (table,) in tables:
        owner.execute(sql.SQL(query).format(*map(sql.Identifier, (table, "note_change"))))


def changes(owner: Owner) -> set[tuple[str, str]]:
    """Return the tables in which rows changed, each with the roles that changed them."""
    return set(owner.execute("select name, by from changed").fetchall())
