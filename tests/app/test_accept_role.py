"""What takes mail adds, and changes nothing: tried through a house's own connections, on every table there is."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from gatepost.app import build
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.settings import Settings
from journeys.scene import Scene, open_scene
from outbound import NOW
from writes import changes, note_every_change

MINE, THEIRS = TenantId("tn_mine"), TenantId("tn_theirs")
TABLES = """
    select relname as name, array_agg(attname::text order by attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped
    where relnamespace::regnamespace::text !~ '^(pg_|information_schema)' and relkind in ('r', 'p', 'v', 'm', 'f')
    group by relname order by relname
"""
SEQUENCES = "select relname as name from pg_class where relkind = 'S' and relname <> 'entry_id' order by 1"


@pytest.fixture
async def house(tmp_path: Path, app_dsn: str) -> AsyncIterator[House]:
    (tmp_path / "keys").mkdir(mode=0o700)
    async with build.open_house(Settings(state=tmp_path), app_dsn) as opened:
        yield opened


def attempts(table: str, columns: list[str]) -> Iterator[str]:
    """Every way to change, remove or take over a table, for no row of it."""
    for column in columns:
        yield (
            sql.SQL("update {0} set {1} = default where false")
            .format(*map(sql.Identifier, (table, column)))
            .as_string()
        )
    for text in (
        "delete from {0} where false",
        "truncate {0}",
        "select from {0} for key share",
        "alter table {0} add column stranger int",
        "alter table {0} disable row level security",
        "drop table {0}",
        "create trigger stranger before update on {0} execute function suppress_redundant_updates_trigger()",
        "create policy stranger on {0} using (true)",
        "create index on {0} (tenant)",
    ):
        yield sql.SQL(text).format(sql.Identifier(table)).as_string()


async def is_refused(db: Database, statement: str) -> bool:
    """Try it; nothing of it stays, whatever PostgreSQL says."""
    try:
        async with db.transaction(MINE) as tx:
            await tx.run(statement)
            await tx.run("select 1 / 0")  # it was let through, and is undone
    except psycopg.errors.InsufficientPrivilege:
        return True
    except psycopg.errors.DivisionByZero:
        return False
    raise AssertionError(statement)


async def test_the_connections_that_take_mail_change_remove_and_own_nothing(house: House) -> None:
    tables = await house.accepting.look_up(TABLES)
    assert {"entry", "opening", "job", "known_author", "submission_claim", "hold"} <= {each.name for each in tables}
    through = [
        statement
        for table in tables
        for statement in attempts(table.name, table.columns)
        if not await is_refused(house.accepting, statement)
    ]
    assert through == []
    numbers = await house.accepting.look_up(SEQUENCES)
    assert [
        each.name for each in numbers if not await is_refused(house.accepting, f"select setval('{each.name}', 1)")
    ] == []
    for statement in ("create table stranger ()", "set role gatepost_app", "select lookup_month(now())"):
        assert await is_refused(house.accepting, statement), statement


async def test_the_same_attempts_show_what_the_serving_role_may(house: House) -> None:
    (jobs,) = [each for each in await house.db.look_up(TABLES) if each.name == "job"]
    through = [each for each in attempts("job", jobs.columns) if not await is_refused(house.db, each)]
    assert any(each.startswith("update") for each in through)
    assert any(each.startswith("delete") for each in through)


async def test_the_role_is_nobodys_member_and_owns_nothing(house: House) -> None:
    (role,) = await house.accepting.look_up(
        "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as has_power,"
        " (select count(*) from pg_auth_members where member = r.oid) as memberships,"
        " (select count(*) from pg_shdepend where refobjid = r.oid and deptype = 'o') as owned"
        " from pg_roles r where rolname = session_user"
    )
    assert tuple(role) == (False, 0, 0)


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, accepting=accepting) as opened:
        yield opened


async def test_all_that_a_message_writes_is_written_by_that_role(scene: Scene, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        note_every_change(owner)
        await scene.boss_asks()
        written = changes(owner)
    assert {by for _, by in written} == {"gatepost_accept"}
    assert {"entry", "opening", "email", "body", "known_author", "delivered_message"} <= {name for name, _ in written}


async def test_what_may_change_a_row_changes_none_of_another_tenants(db: Database, accepting: Database) -> None:
    calls = (
        "select lookup_heard(array[1], array['who'], array[%(at)s])",
        "select lookup_met(array[1], array['who'], array[%(at)s])",
        "select lookup_claim(1, 'same', %(tenant)s, %(at)s, 'said', %(at)s)",
    )
    reads = (
        "select tenant, last_at::text from known_author",
        "select tenant, last_at::text from correspondent",
        "select tenant, submission from submission_claim",
    )
    for tenant in (THEIRS, MINE):
        async with accepting.transaction(tenant) as tx:
            for call in calls:
                await tx.run(call, at=NOW)
    async with db.transaction(THEIRS) as tx:
        await tx.run(
            "insert into job (tenant, kind, key, body, promised_at, due_at)"
            " values (%(tenant)s, 'kind', 'key', '{}', %(at)s, %(at)s)",
            at=NOW,
        )
        for read in reads:
            assert [row.tenant for row in await tx.all(read)] == [THEIRS]
        assert (await tx.one("select submission from submission_claim")).submission == THEIRS
    ahead = "select lookup_job_ahead('kind', 'key') as id"
    async with accepting.transaction(MINE) as tx:
        assert (await tx.one(ahead)).id is None
    async with accepting.transaction(THEIRS) as tx:
        assert (await tx.one(ahead)).id is not None


async def test_times_only_go_forward_and_a_claim_is_taken_over_only_when_it_is_free(accepting: Database) -> None:
    claim = "select lookup_claim(1, 'same', %(taker)s, %(at)s, '', %(free)s) as is_ours"
    async with accepting.transaction(MINE) as tx:
        heard = "select lookup_heard(array[1, 1], array['who', 'who'], array[%(at)s, %(late)s])"
        for late, earlier in ((2, 0), (1, 0)):  # twice in one call, and again by one that comes late
            await tx.run(heard, at=NOW.replace(hour=earlier), late=NOW.replace(hour=late))
        assert (await tx.one("select last_at from known_author")).last_at == NOW.replace(hour=2)
        first, second = NOW.replace(hour=1), NOW.replace(hour=2)
        assert (await tx.one(claim, taker="su_a", at=first, free=first)).is_ours
        before = first.replace(hour=0)
        assert not (await tx.one(claim, taker="su_b", at=second, free=before)).is_ours
        assert (await tx.one(claim, taker="su_c", at=second, free=first)).is_ours
