import asyncio
from pathlib import Path

import psycopg
import pytest

from app.running import settings_in, up
from gatepost.app import keeping
from gatepost.app.doctor import database
from gatepost.app.doctor.finding import Level
from gatepost.db import Database
from gatepost.settings import Settings, SmtpSettings

SOUND = {
    "server_version_num": "150008",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
    "max_connections": "100",
    "log_statement": "none",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "role.superuser": "false",
    "role.bypassrls": "false",
    "role.owns": "false",
    "link.local": "true",
    "link.encrypted": "false",
}


def test_a_sound_database_is_well() -> None:
    assert {finding.level for finding in database.judge(SOUND, 16)} == {Level.OK}


@pytest.mark.parametrize(
    ("changed", "check", "level"),
    [
        ({"server_version_num": "140012"}, "database.version", Level.FAILURE),
        ({"fsync": "off"}, "database.durable", Level.FAILURE),
        ({"full_page_writes": "off"}, "database.durable", Level.FAILURE),
        ({"synchronous_commit": "off"}, "database.durable", Level.FAILURE),
        ({"data_checksums": "off"}, "database.checksums", Level.WARNING),
        ({"log_statement": "all"}, "database.log", Level.WARNING),
        ({"log_error_verbosity": "default"}, "database.log", Level.WARNING),
        ({"log_min_error_statement": "error"}, "database.log", Level.WARNING),
        ({"log_min_duration_statement": "0"}, "database.log", Level.WARNING),
        ({"max_connections": "12"}, "database.connections", Level.WARNING),
        ({"role.superuser": "true"}, "database.role", Level.FAILURE),
        ({"role.bypassrls": "true"}, "database.role", Level.FAILURE),
        ({"role.owns": "true"}, "database.role", Level.FAILURE),
        ({"link.local": "false"}, "database.link", Level.FAILURE),
        ({"link.local": "false", "link.encrypted": "true"}, "database.link", Level.OK),
    ],
)
def test_each_fault_is_named(changed: dict[str, str], check: str, level: Level) -> None:
    found = {finding.check: finding for finding in database.judge({**SOUND, **changed}, 16)}
    assert found[check].level is level
    assert (found[check].next_step == "") is (level is Level.OK)
    assert all(finding.level is Level.OK for name, finding in found.items() if name != check)


@pytest.mark.parametrize(("workers", "connections"), [(1, 35), (2, 67), (4, 99)])
def test_each_process_that_takes_mail_has_pools_of_its_own(workers: int, connections: int) -> None:
    assert database.taken(Settings(smtp=SmtpSettings(workers=workers))) == connections


async def test_as_many_are_counted_as_a_real_house_opens(tmp_path: Path, app_dsn: str, owner_dsn: str) -> None:
    settings = settings_in(tmp_path)
    each = settings.database.connections

    async def sleep(db: Database) -> None:
        async with db.transaction(None) as tx:
            await tx.one("select pg_sleep(2) as slept")

    async with up(settings, app_dsn) as here, asyncio.TaskGroup() as group:
        for db in (here.house.db, here.house.accepting):
            for _ in range(each):
                group.create_task(sleep(db))
        await asyncio.sleep(1)
        with psycopg.connect(owner_dsn) as owner:
            query = "select usename, count(*) from pg_stat_activity where datname = current_database() group by 1"
            found = {str(role): int(count) for role, count in owner.execute(query).fetchall()}
    keeper = found["gatepost_keeper"]
    assert (found["gatepost_app"], found["gatepost_accept"]) == (each + database.LEASE, each)
    assert 1 <= keeper <= keeping.CONNECTIONS
    without_agents = database.taken(settings) - 2 * each * database.AGENTS
    assert without_agents == found["gatepost_app"] + found["gatepost_accept"] + keeping.CONNECTIONS


async def test_a_real_database_is_asked(db: Database, owner_dsn: str) -> None:
    found = {finding.check: finding.level for finding in await database.look(db, 16)}
    assert found["database.durable"] is Level.FAILURE  # the suite's cluster has fsync off, and is found out
    assert (
        found["database.role"]
        is found["database.schema"]
        is found["database.checksums"]
        is found["database.log"]
        is Level.OK
    )
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("delete from schema_migration where name > '0080'")
    found = {finding.check: finding.level for finding in await database.look(db, 16)}
    assert found["database.schema"] is Level.FAILURE


async def test_the_owner_is_no_role_to_serve_as(owner_dsn: str) -> None:
    async with Database.open(owner_dsn) as as_owner:
        found = {finding.check: finding.level for finding in await database.look(as_owner, 16)}
    assert found["database.role"] is Level.FAILURE


async def test_the_role_that_takes_mail_is_tried(app_dsn: str) -> None:
    (well,) = await database.look_at_accepting(f"{app_dsn} user=gatepost_accept")
    assert well.level is Level.OK
    (changes,) = await database.look_at_accepting(app_dsn)
    assert (changes.check, changes.level) == ("database.accept", Level.FAILURE)
    assert "may change" in changes.said
    (shut_out,) = await database.look_at_accepting(f"{app_dsn} user=nobody_of_that_name")
    assert (shut_out.check, shut_out.level) == ("database.accept", Level.FAILURE)
    assert "does not let in" in shut_out.said


async def test_a_role_that_takes_mail_and_confirms_too_early_is_told_from_one_that_was_set_right(
    app_dsn: str, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = f"{app_dsn} user=gatepost_accept"
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("do $$ begin execute format('alter role gatepost_accept in database %I"
                      " set synchronous_commit = off', current_database()); end $$")  # fmt: skip
    (well,) = await database.look_at_accepting(dsn)
    assert well.level is Level.OK  # each connection of ours says otherwise

    async def lose(_: psycopg.AsyncConnection[object]) -> None:
        """Stand for a pooler that hands each transaction to another session."""

    monkeypatch.setattr("gatepost.db.pool._make_durable", lose)
    (early,) = await database.look_at_accepting(dsn)
    assert (early.check, early.level) == ("database.accept", Level.FAILURE)
    assert "synchronous_commit is off" in early.said
