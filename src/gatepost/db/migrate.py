"""Schema migrations: numbered SQL files, forward only, each applied once and never edited after release."""

import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import psycopg

from gatepost.db.pool import Database

Step = Callable[[psycopg.Connection[Any]], None]
"""Work on the owner's connection, each statement committed by itself."""

_LOCK = 7_140_926_511  # any fixed number: two houses starting at once migrate one after the other


class MigrationError(Exception):
    """The schema and this release do not fit together; the text says what to do."""


def migrations() -> list[tuple[str, str]]:
    """Return (name, SQL) of every migration, in order."""
    folder = files("gatepost.db") / "migrations"
    return sorted((item.name, item.read_text()) for item in folder.iterdir() if item.name.endswith(".sql"))


def migrate(owner_dsn: str, before: Mapping[str, Step] | None = None) -> list[str]:
    """Bring the schema up to this release; return the names applied now.

    Args:
        owner_dsn: a role that may create roles and own tables; never the one that serves.
        before: what is to be done before a migration and SQL alone cannot do; when it was cut off, it is done again.

    Raises:
        MigrationError: the database does not let us, a file that was applied has changed since, or the database knows
            a newer release.
    """
    try:
        return _apply(owner_dsn, before or {})
    except psycopg.Error as error:
        raise MigrationError(f"the database does not let us: {' '.join(str(error).split())}") from error


async def check_schema(db: Database) -> None:
    """Return where the database has this release's schema, as the serving role sees it.

    Raises:
        MigrationError: it is older or newer; the text says what to do.
        DatabaseUnavailableError: the database does not answer.
    """
    known = {name for name, _ in migrations()}
    try:
        applied = {row.name for row in await db.look_up("select name from lookup_schema() as name")}
    except psycopg.errors.UndefinedFunction:  # from before the schema could be asked
        applied = set()
    if unknown := sorted(applied - known):
        raise MigrationError(_newer(unknown[0]))
    if missing := sorted(known - applied):
        raise MigrationError(f"the database has an older schema (it lacks {missing[0]}): run `gatepost migrate` first")


def _newer(unknown: str) -> str:
    return f"the database was written by a newer release (it knows {unknown}): install that release or a later one"


def _apply(owner_dsn: str, before: Mapping[str, Step]) -> list[str]:
    applied_now: list[str] = []
    known = migrations()
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        connection.execute(
            "create table if not exists schema_migration"
            " (name text primary key, sha256 text not null, at timestamptz not null default now())"
        )
        done: dict[str, str] = dict(connection.execute("select name, sha256 from schema_migration").fetchall())
        if unknown := sorted(set(done) - {name for name, _ in known}):
            raise MigrationError(_newer(unknown[0]))
        for name, text in known:
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in done:
                if done[name] != digest:
                    raise MigrationError(f"{name} changed after it was applied: restore the released file")
                continue
            if step := before.get(name):
                step(connection)
            with connection.transaction():
                connection.execute(text.encode())
                connection.execute("insert into schema_migration (name, sha256) values (%s, %s)", [name, digest])
            applied_now.append(name)
    return applied_now
