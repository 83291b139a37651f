import asyncio
import os
import shutil
from contextlib import closing, suppress
from datetime import UTC
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from db.spending import SPEND, spent
from gatepost.db import Database, DatabaseUnavailableError, LostError, Plans, Transaction, UndecidedError, pool
from gatepost.db.outside import as_role
from gatepost.db.pool import RECONNECT_S
from gatepost.ids import TenantId
from gatepost.keys import KeyringError, KeysAwayError, KeysDamagedError, KeyStore


async def test_a_transaction_binds_its_tenant(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        row = await tx.one("select current_setting('gatepost.tenant') as tenant, %(tenant)s as bound")
    assert (row.tenant, row.bound) == ("tn_a", "tn_a")


async def test_the_next_transaction_on_the_connection_has_no_tenant_left(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")):
        pass
    async with db.transaction(None) as tx:
        row = await tx.one("select current_setting('gatepost.tenant') as tenant")
        assert row.tenant == ""
        with pytest.raises(RuntimeError):
            _ = tx.tenant


async def test_plans_are_kept_or_made_anew_for_one_transaction_and_no_longer(db: Database) -> None:
    query = "select current_setting('plan_cache_mode') as mode, current_setting('gatepost.tenant') as tenant"
    async with db.transaction(TenantId("tn_a"), plans=Plans.KEPT) as tx:
        assert await tx.one(query) == ("force_generic_plan", "tn_a")
    async with db.transaction(TenantId("tn_a"), plans=Plans.FRESH) as tx:
        assert await tx.one(query) == ("force_custom_plan", "tn_a")
    async with db.transaction(TenantId("tn_b")) as tx:
        assert await tx.one(query) == ("auto", "tn_b")


async def _run_still(db: Database, query: LiteralString) -> None:
    async with db.still(TenantId("tn_b")) as tx:
        await tx.run(query)


async def test_a_still_transaction_sees_one_moment_and_writes_nothing(db: Database) -> None:
    query = "select count(*) as count from tenant where tenant = %(tenant)s"
    add = "insert into tenant (tenant, plan, created_at, sealed) values (%(tenant)s, 'free', now(), '')"
    async with db.still(TenantId("tn_a")) as tx:
        assert (await tx.one(query)).count == 0
        async with db.transaction(TenantId("tn_a")) as other:
            await other.run(add)
        assert (await tx.one(query)).count == 0
    async with db.still(TenantId("tn_a")) as tx:
        assert (await tx.one(query)).count == 1
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await _run_still(db, add)


async def test_times_are_read_in_the_zone_that_is_cheapest_to_compare(db: Database) -> None:
    async with db.transaction(None) as tx:
        row = await tx.one("select now() as at, current_setting('TimeZone') as zone")
    assert (row.at.tzinfo, row.zone) == (UTC, "UTC")


async def test_the_serving_role_is_no_superuser_and_bypasses_nothing(db: Database) -> None:
    async with db.transaction(None) as tx:
        row = await tx.one("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
    assert (row.rolsuper, row.rolbypassrls) == (False, False)


async def test_why_a_database_cannot_be_reached_is_told(app_dsn: str) -> None:
    async with Database.open(f"{app_dsn} user=nobody_of_ours") as db:
        with pytest.raises(DatabaseUnavailableError, match="nobody_of_ours"):
            await db.reach(0.5)


async def test_a_role_that_no_migration_has_made_yet_is_told_with_what_makes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is what whoever starts a house before its first `gatepost migrate` reads."""

    async def refuse(*_: object, **__: object) -> None:
        raise psycopg.OperationalError('connection failed: FATAL:  role "gatepost_app" does not exist')

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", refuse)
    async with Database.open("host=/nowhere", size=1) as db:
        with pytest.raises(DatabaseUnavailableError, match="gatepost migrate"):
            await db.reach(0.2)


async def test_a_database_that_answers_is_reached_at_once(db: Database) -> None:
    await db.reach(5)
    await db.reach(0)


async def test_a_look_up_belongs_to_no_tenant(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        await _spend(tx)
    rows = await db.look_up("select current_setting('gatepost.tenant', true) as tenant, %(n)s as n", n=7)
    assert [(row.tenant or "", row.n) for row in rows] == [("", 7)]
    assert await db.look_up("select tokens from spent_token") == []


async def _spend(tx: Transaction) -> None:
    await tx.run(SPEND)


async def _kill_connections(owner_dsn: str) -> None:
    """End those there are, and return once they have ended; the pool may be making others meanwhile."""
    theirs = "from pg_stat_activity where usename = 'gatepost_app' and datname = current_database()"
    there = "select from pg_stat_activity where pid = any(%s)"
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner:
        ended = [
            pid for pid, _ in await (await owner.execute(f"select pid, pg_terminate_backend(pid) {theirs}")).fetchall()
        ]
        while await (await owner.execute(there, [ended])).fetchall():  # noqa: ASYNC110  # PostgreSQL does not tell
            await asyncio.sleep(0.01)


async def test_connections_that_died_in_the_pool_are_replaced_unnoticed(app_dsn: str, owner_dsn: str) -> None:
    async with Database.open(app_dsn, size=3) as db:
        await asyncio.gather(*(spent(db) for _ in range(3)))
        await _kill_connections(owner_dsn)
        assert await asyncio.gather(*(spent(db) for _ in range(6))) == [0] * 6
        await _kill_connections(owner_dsn)
        assert await db.look_up("select 1 as one") == [(1,)]
        await _kill_connections(owner_dsn)
        await db.refresh()
        assert await spent(db) == 0


async def test_what_took_the_place_of_a_dead_connection_may_be_dead_too(
    app_dsn: str, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Database.open(app_dsn, size=3) as db:
        await asyncio.gather(*(spent(db) for _ in range(3)))
        await _kill_connections(owner_dsn)
        refresh, spared = db.refresh, asyncio.Event()

        async def refresh_and_lose() -> None:
            await refresh()
            if spared.is_set():
                return
            spared.set()
            async with asyncio.timeout(10):
                while not db.usage()["pool_available"]:  # noqa: ASYNC110  # the pool does not tell
                    await asyncio.sleep(0.01)
            await _kill_connections(owner_dsn)

        monkeypatch.setattr(db, "refresh", refresh_and_lose)
        assert list(await asyncio.gather(spent(db), spent(db))) == [0, 0]


async def _spend_and_lose(db: Database, owner_dsn: str) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        await _spend(tx)
        await _kill_connections(owner_dsn)
        await _spend(tx)


async def test_a_connection_that_dies_in_a_transaction_takes_it_along_and_is_not_tried_again(
    db: Database, owner_dsn: str
) -> None:
    with pytest.raises(LostError):
        await _spend_and_lose(db, owner_dsn)
    assert await spent(db) == 0


async def _spend_and_lose_at_the_end(db: Database, owner_dsn: str) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        await _spend(tx)
        await _kill_connections(owner_dsn)
        await asyncio.sleep(0.1)  # the loop hears of it


async def test_a_connection_that_is_known_to_be_dead_is_not_told_to_commit(db: Database, owner_dsn: str) -> None:
    with pytest.raises(LostError):
        await _spend_and_lose_at_the_end(db, owner_dsn)
    assert await spent(db) == 0


async def test_of_a_connection_that_dies_once_it_was_told_to_commit_nobody_knows(db: Database, owner_dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner:
        await owner.execute(
            "create function dawdle() returns trigger language plpgsql as 'begin perform pg_sleep(60); end'"
        )
        await owner.execute(
            "create constraint trigger dawdle after insert on spent_token initially deferred"
            " for each row execute function dawdle()"
        )
        spending = asyncio.ensure_future(_spend_alone(db))
        while not await (await owner.execute("select from pg_stat_activity where wait_event = 'PgSleep'")).fetchall():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await _kill_connections(owner_dsn)
    with pytest.raises(UndecidedError):
        await spending
    assert await spent(db) == 0


async def _spend_alone(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        await _spend(tx)


async def _spend_and_fail(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        await _spend(tx)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await tx.run("select 1 / 0")


async def test_a_failure_passed_over_is_no_commit(db: Database) -> None:
    with pytest.raises(RuntimeError, match="rolled back"):
        await _spend_and_fail(db)
    assert await spent(db) == 0


async def _wait_for_ever(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        await tx.run(SPEND)
        await tx.run("select pg_sleep(60)")


async def test_a_caller_that_gives_up_leaves_nothing_behind_on_the_server(db: Database, owner_dsn: str) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(_wait_for_ever(db), 0.3)
    assert await spent(db) == 0
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner:
        asleep = "select from pg_stat_activity where usename = 'gatepost_app' and query like '%pg_sleep%'"
        for _ in range(100):
            if not await (await owner.execute(f"{asleep} and state = 'active'")).fetchall():
                return
            await asyncio.sleep(0.02)
    pytest.fail("the statement goes on though nobody waits for it")


async def test_a_database_sealed_under_another_key_store_is_refused(db: Database, app_dsn: str, tmp_path: Path) -> None:
    await db.check_keys()
    await db.check_keys()
    other = KeyStore.open(tmp_path, os.urandom)
    async with Database.open(app_dsn, other) as wrong:
        with pytest.raises(KeyringError, match="start with the state folder it belongs to"):
            await wrong.check_keys()
    other.close()


async def test_an_older_copy_of_the_key_store_is_refused(app_dsn: str, tmp_path: Path) -> None:
    folder, older = tmp_path / "now", tmp_path / "older"
    folder.mkdir(mode=0o700)
    with closing(KeyStore.open(folder, os.urandom)) as keys:
        keys.lasting("tn_a")
    shutil.copytree(folder, older)
    with (
        closing(KeyStore.open(folder, os.urandom)) as keys,
        closing(KeyStore.open(folder, os.urandom)) as other,
        closing(KeyStore.open(older, os.urandom)) as lacking,
    ):
        async with Database.open(app_dsn, keys) as now, Database.open(app_dsn, other) as beside:
            await now.check_keys()
            async with Database.open(app_dsn, lacking) as then:
                await then.check_keys()  # it lacks nothing yet
                other.lasting("tn_b")
                await beside.check_keys()
                await now.check_keys()  # a key that another process made is there
                with pytest.raises(KeyringError, match=r"lacks 1 or more.*newest backup.*keys accept"):
                    await then.check_keys()
                await then.check_keys(may_be_older=True)
            keys.destroy("tn_a")
            keys.destroy("tn_b")
            await now.check_keys()  # what was destroyed was not lost


async def test_a_key_made_and_noted_while_we_ask_is_not_lost(
    app_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(KeyStore.open(tmp_path, os.urandom)) as keys, closing(KeyStore.open(tmp_path, os.urandom)) as other:
        async with Database.open(app_dsn, keys) as ours, Database.open(app_dsn, other) as beside:
            await ours.check_keys()
            ask = ours.look_up

            async def overtaken(query: LiteralString, **values: object) -> list[Any]:
                other.lasting(f"tn_{os.urandom(4).hex()}")
                await beside.check_keys()
                return await ask(query, **values)

            monkeypatch.setattr(ours, "look_up", overtaken)
            assert await ours.note_keys() == 0


async def test_what_keys_were_made_is_noted_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, ask = [], db.look_up

    async def counted(query: LiteralString, **values: object) -> list[Any]:
        asked.append(values["made"])
        return await ask(query, **values)

    monkeypatch.setattr(db, "look_up", counted)
    made = db.keys.ever_made
    await db.keep_keys_noted()
    asked.clear()
    new, newer = (f"tn_{os.urandom(6).hex()}" for _ in range(2))  # others' tests have this key store, too
    for tenant in (new, new, newer):
        db.keys.lasting(tenant)
        await db.keep_keys_noted()
    assert asked == [made + 1, made + 2]


async def test_newer_keys_open_an_older_database(db: Database, owner_dsn: str) -> None:
    db.keys.lasting("tn_a")
    await db.check_keys()
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update keys_made set made = 0")
    await db.check_keys()


async def test_whoever_waits_for_a_database_is_served_once_it_is_back(app_dsn: str) -> None:
    """The pool gives up connecting after ``RECONNECT_S``, and nobody else comes to have it try again."""
    away = True

    async def dsn() -> str:
        return f"{app_dsn} host=/nonexistent" if away else app_dsn

    async with Database.open(dsn, size=2, timeout_s=30) as db:
        waiting = asyncio.ensure_future(db.look_up("select 1 as one"))
        await asyncio.sleep(RECONNECT_S + 1.5)
        away = False
        async with asyncio.timeout(10):
            assert await waiting == [(1,)]


@pytest.mark.parametrize("error", [KeysAwayError, KeysDamagedError])
async def test_a_key_store_that_cannot_be_read_is_an_outage(db: Database, error: type[KeyringError]) -> None:
    with pytest.raises(DatabaseUnavailableError, match="cannot be read"):
        async with db.transaction(TenantId("tn_a")):
            raise error("the key store cannot be read")


@pytest.mark.parametrize("role", ["gatepost_app", "gatepost_accept"])
@pytest.mark.parametrize(
    ("chosen", "obeyed"),
    [
        ("off", "on"),
        ("local", "on"),
        ("on", "on"),
        ("remote_write", "remote_write"),
        ("remote_apply", "remote_apply"),
    ],
)
async def test_what_is_confirmed_is_on_the_disk_whatever_is_set_for_the_role(
    app_dsn: str, owner_dsn: str, role: str, chosen: str, obeyed: str
) -> None:
    query = "select current_setting('synchronous_commit') as said"
    name, here = psycopg.sql.Identifier(role), psycopg.sql.Identifier(str(conninfo_to_dict(app_dsn)["dbname"]))
    setting = psycopg.sql.SQL("alter role {} in database {} set synchronous_commit = {}")
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(setting.format(name, here, psycopg.sql.Literal(chosen)))
    async with Database.open(as_role(app_dsn, role), size=1) as db:
        assert (await db.look_up(query))[0].said == obeyed
        async with db.transaction(TenantId("tn_a")) as tx:
            assert (await tx.one(query)).said == obeyed


async def test_what_is_set_while_a_connection_is_up_takes_no_promise_back(app_dsn: str, owner_dsn: str) -> None:
    async with Database.open(app_dsn, size=1) as db:
        await db.reach()
        with psycopg.connect(owner_dsn, autocommit=True) as owner:
            owner.execute("alter system set synchronous_commit = off")
            owner.execute("select pg_reload_conf()")
            try:
                heard = "select reset_val as said from pg_settings where name = 'synchronous_commit'"
                while (await db.look_up(heard))[0].said != "off":  # noqa: ASYNC110  # nobody tells
                    await asyncio.sleep(0.01)
                assert [tuple(row) for row in await db.look_up("show synchronous_commit")] == [("on",)]
            finally:
                owner.execute("alter system reset synchronous_commit")
                owner.execute("select pg_reload_conf()")


async def test_a_way_that_swallows_what_follows_the_greeting_does_not_keep_the_pool(
    app_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = pool._DURABLE
    monkeypatch.setattr(pool, "CONFIGURE_S", 0.2)
    monkeypatch.setattr(pool, "_DURABLE", "select pg_sleep(300)")
    async with Database.open(app_dsn, size=1, timeout_s=2) as db:
        with pytest.raises(DatabaseUnavailableError):
            await _one(db)
        monkeypatch.setattr(pool, "_DURABLE", said)
        async with asyncio.timeout(30):
            while True:
                with suppress(DatabaseUnavailableError):
                    assert await _one(db) == 1
                    return


async def _one(db: Database) -> int:
    async with db.transaction(None) as tx:
        return int((await tx.one("select 1 as one")).one)
