"""A PostgreSQL that hangs: nobody waits for it for ever, and nothing it was lent stays lost."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq.abc import PGresult

from gatepost.db import Database, DatabaseUnavailableError, UndecidedError
from gatepost.db.waits import SilenceError, Waits
from relay import Relay, Way


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def relayed(app_dsn: str, folder: Path, *, answer_s: float = 60) -> AsyncIterator[tuple[Relay, Database]]:
    """A database of one connection, over a way that can be made bad."""
    said = conninfo_to_dict(app_dsn)
    far = Path(str(said["host"]), f".s.PGSQL.{said.get('port', 5432)}")
    async with (
        Relay.before(far, folder / ".s.PGSQL.1") as relay,
        Database.open(
            make_conninfo(app_dsn, host=str(folder), port=1), size=1, timeout_s=5, answer_s=answer_s
        ) as database,
    ):
        yield relay, database


async def _one(db: Database) -> int:
    async with db.transaction(None) as tx:
        return int((await tx.one("select 1 as one")).one)


async def _sleep_there(db: Database) -> None:
    async with db.transaction(None) as tx:
        await tx.run("select pg_sleep(600)")


async def _hang(db: Database) -> None:
    """Ask a backend that is stopped from then on."""
    async with db.transaction(None) as tx:
        with stopped((await tx.one("select pg_backend_pid() as pid")).pid):
            await tx.one("select 1 as one")


async def test_a_backend_that_hangs_is_given_up_and_its_connection_replaced(app_dsn: str) -> None:
    async with Database.open(app_dsn, size=1, answer_s=1) as db:
        with pytest.raises(DatabaseUnavailableError) as found:
            await _hang(db)
        assert not isinstance(found.value, UndecidedError), "it was never told to commit"
        assert isinstance(found.value.__cause__, SilenceError)
        assert await _one(db) == 1


async def _commit_into(way: Way, relay: Relay, db: Database) -> None:
    async with db.transaction(None) as tx:
        await tx.one("select 1 as one")
        relay.way = way


@pytest.mark.parametrize("way", [Way.SWALLOWING, Way.RESETTING, Way.HALVING])
async def test_a_commit_that_is_not_answered_is_said_to_be_undecided(app_dsn: str, tmp_path: Path, way: Way) -> None:
    async with relayed(app_dsn, tmp_path, answer_s=1) as (relay, db):
        with pytest.raises(UndecidedError):
            await _commit_into(way, relay, db)
        relay.way = Way.OPEN
        assert await _one(db) == 1


async def test_a_look_up_of_what_hangs_is_given_up(app_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatepost.db.pool.LOOK_UP_S", 1)
    async with Database.open(app_dsn, size=1) as db:
        with pytest.raises(DatabaseUnavailableError):
            await db.look_up("select pg_sleep(600)")
        assert await db.look_up("select 1 as one") == [(1,)]


async def test_what_hurries_gives_up_what_it_waits_for_already(app_dsn: str) -> None:
    async with Database.open(app_dsn, size=1) as db:
        waiting = asyncio.ensure_future(_sleep_there(db))
        await asyncio.sleep(0.2)
        db.hurry(1)
        with pytest.raises(DatabaseUnavailableError):
            await waiting
        with pytest.raises(DatabaseUnavailableError):
            await _sleep_there(db)
        assert await _one(db) == 1


async def test_a_cancelled_caller_is_cancelled_and_its_connection_not_lost_where_postgresql_cannot_be_told(
    app_dsn: str, tmp_path: Path
) -> None:
    async with relayed(app_dsn, tmp_path) as (relay, db):
        for _ in range(2):  # as many as there are connections, and one more
            caller = asyncio.ensure_future(_sleep_there(db))
            await asyncio.sleep(0.3)
            await relay.shut()
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
            await relay.admit()
            assert await _one(db) == 1


async def test_a_caller_is_cancelled_though_nobody_answers_the_cancellation(app_dsn: str, tmp_path: Path) -> None:
    async with relayed(app_dsn, tmp_path) as (relay, db):
        caller = asyncio.ensure_future(_sleep_there(db))
        await asyncio.sleep(0.3)
        relay.way = Way.SWALLOWING
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        relay.way = Way.OPEN
        assert await _one(db) == 1


async def test_connections_at_rest_are_replaced_without_being_asked(app_dsn: str, tmp_path: Path) -> None:
    async with relayed(app_dsn, tmp_path) as (relay, db):
        assert await _one(db) == 1
        relay.way = Way.SWALLOWING
        began = time.monotonic()
        await db.refresh()
        assert time.monotonic() - began < 2
        relay.way = Way.OPEN
        assert await _one(db) == 1


async def test_a_pool_ends_though_a_connection_is_being_made_that_never_comes(app_dsn: str, tmp_path: Path) -> None:
    async with relayed(app_dsn, tmp_path) as (relay, db):
        assert await _one(db) == 1
        relay.way = Way.SWALLOWING
        await db.refresh()
        began = time.monotonic()
    assert time.monotonic() - began < 4


async def test_a_server_learns_soon_that_a_machine_of_ours_went_away(db: Database) -> None:
    said = await db.look_up("select name, reset_val from pg_settings where name like 'tcp\\_%' order by name")
    assert {row.name for row in said} == {
        "tcp_keepalives_count",
        "tcp_keepalives_idle",
        "tcp_keepalives_interval",
        "tcp_user_timeout",
    }
    assert all(int(row.reset_val) for row in said)


_LOCK = "select pg_try_advisory_xact_lock(7) as is_ours"


async def _locked(db: Database) -> bool:
    async with db.transaction(None) as tx:
        return bool((await tx.one(_LOCK)).is_ours)


async def _silent(db: Database, other: Database, *, more: int) -> None:
    """Take a lock and say nothing for a while, as one whom a proxy swallows; the other must have the lock then."""
    async with db.transaction(None) as tx:
        assert (await tx.one(_LOCK)).is_ours
        assert not await _locked(other)
        await asyncio.sleep(0.6)
        assert await _locked(other)
        for _ in range(more):
            await tx.one("select 1 as one")


@pytest.mark.parametrize("more", [0, 1])
async def test_who_says_nothing_in_a_transaction_for_too_long_has_lost_it_and_may_try_again(
    app_dsn: str, more: int
) -> None:
    async with Database.open(app_dsn, size=1, answer_s=0.3) as db, Database.open(app_dsn, size=1) as other:
        with pytest.raises(DatabaseUnavailableError):
            await _silent(db, other, more=more)
        assert await _one(db) == 1


async def test_a_house_that_was_stopped_itself_blames_nobody() -> None:
    loop = asyncio.get_running_loop()
    waits, done = Waits(3), loop.create_future()
    waiting = asyncio.ensure_future(waits.answer(done))
    await asyncio.sleep(0)
    time.sleep(4.5)  # noqa: ASYNC251  # nothing runs meanwhile
    result: PGresult = psycopg.pq.PGresult.__new__(psycopg.pq.PGresult)
    loop.call_later(0.1, done.set_result, result)
    assert await waiting is result
