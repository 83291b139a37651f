"""Everything PostgreSQL says of its own state is an outage, ends as one, and is over as soon as that state is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from gatepost.db import Database, DatabaseUnavailableError, DiskError
from gatepost.ids import TenantId

ADD: LiteralString = "insert into tenant (tenant, plan, created_at, sealed) values (%(tenant)s, 'free', now(), '')"
A = TenantId("tn_a")


async def _raise(db: Database, code: LiteralString) -> None:
    async with db.transaction(None) as tx:
        await tx.run("do $$ begin raise exception using errcode = '" + code + "'; end $$")


@pytest.mark.parametrize(
    "code",
    [
        *("08000", "08001", "08003", "08004", "08006", "08P01"),
        *("25006", "25P03", "25P04"),
        *("28000", "28P01", "3D000"),
        *("40001", "40003", "40P01"),
        *("53000", "53100", "53200", "53300", "53400"),
        *("55000", "55006", "55P02", "55P03", "55P04"),
        *("57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05"),
        *("58000", "58030", "58P01", "58P02"),
        *("72000", "F0000", "F0001"),
    ],
)
async def test_what_is_postgresqls_state_is_an_outage_and_the_next_may_fare_better(
    app_dsn: str, code: LiteralString
) -> None:
    async with Database.open(app_dsn, size=1) as db:
        with pytest.raises(DatabaseUnavailableError) as raised:
            await _raise(db, code)
        assert type(raised.value) is DatabaseUnavailableError  # nothing was committed, and nobody need wonder
        assert await db.look_up("select 1 as one") == [(1,)]


@pytest.mark.parametrize("code", ["XX000", "XX001", "XX002"])
async def test_what_is_its_disks_state_is_an_outage_that_another_row_may_be_spared(
    app_dsn: str, code: LiteralString
) -> None:
    async with Database.open(app_dsn, size=1) as db:
        with pytest.raises(DiskError):
            await _raise(db, code)
        assert await db.look_up("select 1 as one") == [(1,)]


@pytest.mark.parametrize("code", ["22001", "23505", "42501", "42P01", "54000", "54001", "54023"])
async def test_what_is_wrong_with_a_statement_is_no_outage(app_dsn: str, code: LiteralString) -> None:
    async with Database.open(app_dsn, size=1) as db:
        with pytest.raises(psycopg.Error) as raised:
            await _raise(db, code)
        assert raised.value.sqlstate == code


@contextmanager
def _changed(dsn: str, change: sql.Composed | sql.SQL, back: sql.Composed | sql.SQL) -> Iterator[None]:
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(change)
        try:
            yield
        finally:
            owner.execute(back)


def _end_ours(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        ours = "from pg_stat_activity where usename ~ '^gatepost_a' and datname = current_database()"
        owner.execute(f"select pg_terminate_backend(pid, 5000) {ours}")


async def _add(db: Database) -> None:
    async with db.transaction(A) as tx:
        await tx.run(ADD)


async def _count(db: Database) -> int:
    async with db.transaction(A) as tx:
        return int((await tx.one("select count(*) as count from tenant where tenant = %(tenant)s")).count)


async def _backend(db: Database) -> int:
    return int((await db.look_up("select pg_backend_pid() as pid"))[0].pid)


@asynccontextmanager
async def _read_only(cluster_dsn: str, db: Database) -> AsyncIterator[None]:
    """Make the whole server read-only, as a managed PostgreSQL does whose disk is full."""
    reload = "select pg_reload_conf()"
    with psycopg.connect(cluster_dsn, autocommit=True) as owner:
        owner.execute("alter system set default_transaction_read_only = on")
        owner.execute(reload)
        try:
            async with asyncio.timeout(10):
                while (await db.look_up("show default_transaction_read_only"))[0][0] != "on":  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            yield
        finally:
            owner.execute("set default_transaction_read_only = off")
            owner.execute("alter system reset default_transaction_read_only")
            owner.execute(reload)


async def test_a_server_that_becomes_read_only_is_away_until_it_is_not(app_dsn: str, owner_dsn: str) -> None:
    async with Database.open(app_dsn, size=1) as db:
        await db.check_writes()
        before = await _backend(db)
        async with _read_only(owner_dsn, db):
            with pytest.raises(DatabaseUnavailableError, match="read-only"):
                await _add(db)
            assert await _backend(db) != before  # the next connection may lead to the server that took its place
            with pytest.raises(DatabaseUnavailableError, match="read-only"):
                await db.check_writes()
            assert await _count(db) == 0
        async with asyncio.timeout(10):
            while True:
                try:
                    await _add(db)
                    break
                except DatabaseUnavailableError:
                    await asyncio.sleep(0.05)
        await db.check_writes()
        assert await _count(db) == 1


async def test_a_failover_is_followed(app_dsn: str, database_name: str, owner_dsn: str) -> None:
    """Two databases stand for two servers: the first is demoted and goes on answering, the second takes writes."""
    at: list[str] = [app_dsn]

    async def dsn() -> str:  # as libpq chooses by ``target_session_attrs``
        return at[0]

    async with Database.open(dsn, size=2) as db:
        await asyncio.gather(_count(db), _count(db))
        postgres = owner_dsn.replace(f"dbname={database_name}", "dbname=postgres")
        name = sql.Identifier(f"{database_name}_promoted")
        demote = sql.SQL("alter database {} {} default_transaction_read_only")
        here = sql.Identifier(database_name)
        make = sql.SQL("create database {} template gatepost strategy file_copy").format(name)
        drop = sql.SQL("drop database {} with (force)").format(name)
        with _changed(postgres, make, drop):
            _end_ours(owner_dsn)
            with psycopg.connect(postgres, autocommit=True) as owner:
                owner.execute(sql.SQL("{} = on").format(demote.format(here, sql.SQL("set"))))
            with suppress(DatabaseUnavailableError):  # one that ended may be met before the pool knows
                await _count(db)
            await asyncio.gather(_count(db), _count(db))  # two connections to the demoted one
            at[0] = app_dsn.replace(database_name, f"{database_name}_promoted")
            with pytest.raises(DatabaseUnavailableError, match="read-only"):
                await _add(db)
            for _ in range(2):
                assert (await db.look_up("select current_database()"))[0][0] == f"{database_name}_promoted"
            await _add(db)
            assert await _count(db) == 1
            await db.refresh()
            at[0] = app_dsn


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("alter database {} connection limit 0", "alter database {} connection limit -1"),  # 53300
        ("alter database {} allow_connections false", "alter database {} allow_connections true"),  # 55000
        ("revoke connect on database {} from public", "grant connect on database {} to public"),  # 42501
    ],
)
async def test_a_database_that_lets_nobody_in_is_away_until_it_does(
    app_dsn: str, database_name: str, owner_dsn: str, change: LiteralString, back: LiteralString
) -> None:
    postgres = owner_dsn.replace(f"dbname={database_name}", "dbname=postgres")
    name = sql.Identifier(database_name)
    async with Database.open(app_dsn, size=1, timeout_s=0.5) as db:
        await db.reach()
        _end_ours(owner_dsn)
        with (
            _changed(postgres, sql.SQL(change).format(name), sql.SQL(back).format(name)),
            pytest.raises(DatabaseUnavailableError),
        ):
            await _add(db)
        async with asyncio.timeout(20):
            while True:
                try:
                    await _add(db)
                    break
                except DatabaseUnavailableError:
                    continue
        assert await _count(db) == 1


async def test_a_role_that_may_not_log_in_any_more_is_away_until_it_may(app_dsn: str, owner_dsn: str) -> None:
    role = sql.Identifier(str(conninfo_to_dict(app_dsn)["user"]))
    change, back = (sql.SQL("alter role {} " + word).format(role) for word in ("nologin", "login"))
    async with Database.open(app_dsn, size=1, timeout_s=0.5) as db:
        await db.reach()
        with _changed(owner_dsn, change, back):
            _end_ours(owner_dsn)
            with pytest.raises(DatabaseUnavailableError):
                await _add(db)
        await db.reach()
        await _add(db)


@pytest.mark.parametrize(
    ("setting", "statement"),
    [
        ("lock_timeout", "lock table tenant in row exclusive mode"),  # 55P03
        ("statement_timeout", "select pg_sleep(10)"),  # 57014
    ],
)
async def test_what_an_operator_bounds_is_an_outage(
    app_dsn: str, owner_dsn: str, setting: LiteralString, statement: LiteralString
) -> None:
    async with Database.open(app_dsn, size=1) as db:
        with psycopg.connect(owner_dsn) as owner:
            owner.execute("lock table tenant in access exclusive mode")
            with pytest.raises(DatabaseUnavailableError):
                await _bounded(db, setting, statement)
            owner.rollback()
        await _add(db)


async def _bounded(db: Database, setting: LiteralString, statement: LiteralString) -> None:
    async with db.transaction(A) as tx:
        await tx.run("set local " + setting + " = 50")
        await tx.run(statement)
