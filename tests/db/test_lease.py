"""One house at a time: who comes second is told who was first, and a lease ends with its connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest
from structlog.typing import EventDict

from gatepost.db import DatabaseUnavailableError
from gatepost.db.lease import HeldError, Holder, Lease

ONE = Holder(host="one.example", folder="/srv/êins -- 1\n'; --", since="2026-11-01 08:00:00Z", token="01" * 8)
TWO = Holder(host="two.example", folder="/srv/two", since="2026-11-02 08:00:00Z")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatepost.db.lease.PATIENCE_S", 0.1)
    monkeypatch.setattr("gatepost.db.lease.AGAIN_S", 0.05)
    monkeypatch.setattr("gatepost.db.lease.ASK_S", 0.1)


@asynccontextmanager
async def _kept(lease: Lease) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    await lease.begin()
    keeping = asyncio.ensure_future(lease.keep(stop))
    try:
        yield keeping
    finally:
        stop.set()
        with suppress(HeldError):
            await keeping
        await lease.end()


def _end_holder(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        holder = "from pg_locks where locktype = 'advisory' and objsubid = 2"
        here = "database = (select oid from pg_database where datname = current_database())"
        assert owner.execute(f"select pg_terminate_backend(pid, 5000) {holder} and {here}").fetchall() == [(True,)]


async def test_the_second_house_is_told_which_is_the_first(app_dsn: str) -> None:
    async with _kept(Lease(app_dsn, ONE)):
        with pytest.raises(HeldError, match="database of its own") as raised:
            await Lease(app_dsn, TWO).begin()
    said = raised.value.holder
    assert (said.host, said.folder, said.since) == (ONE.host, ONE.folder, ONE.since)
    assert all(word in str(raised.value) for word in (ONE.host, ONE.since))
    async with _kept(Lease(app_dsn, TWO)):  # the first gave it back
        pass


async def test_long_names_are_told_too(app_dsn: str) -> None:
    long = Holder(host="h" * 400, folder="/" + "ü" * 4000, since=ONE.since, token=ONE.token)
    async with _kept(Lease(app_dsn, long)):
        await asyncio.sleep(0.3)  # the server is asked, and remembers that statement instead
        with pytest.raises(HeldError) as raised:
            await Lease(app_dsn, TWO).begin()
    assert raised.value.holder.host.startswith("hhh")
    assert raised.value.holder.folder.endswith("üüü")


async def test_a_house_that_ends_this_moment_is_waited_for(app_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatepost.db.lease.PATIENCE_S", 20)
    await _waits(Lease(app_dsn, TWO), Lease(app_dsn, ONE), 0.2)


async def test_what_a_killed_house_of_this_folder_left_is_waited_for_longer(app_dsn: str) -> None:
    await _waits(Lease(app_dsn, ONE), Lease(app_dsn, ONE), 0.4)


async def _waits(coming: Lease, holder: Lease, at_least_s: float) -> None:
    """Let ``coming`` begin while the holder has it: it gets it when the holder ends, and not before."""
    await holder.begin()
    begun = asyncio.ensure_future(coming.begin())
    await asyncio.sleep(at_least_s)
    assert not begun.done()
    await holder.end()
    await begun
    await coming.end()


async def test_another_database_is_another_lease(app_dsn: str, cluster_dsn: str) -> None:
    async with _kept(Lease(app_dsn, ONE)), _kept(Lease(cluster_dsn, TWO)):
        pass


@pytest.fixture
def cluster_dsn(app_dsn: str, database_name: str) -> str:
    return app_dsn.replace(f"dbname={database_name}", "dbname=postgres")


async def _until(said: list[EventDict], event: str) -> None:
    async with asyncio.timeout(20):
        while event not in [line["event"] for line in said]:  # noqa: ASYNC110  # it tells the log alone
            await asyncio.sleep(0.01)


async def test_a_lease_whose_connection_is_lost_is_taken_anew(
    app_dsn: str, owner_dsn: str, said: list[EventDict]
) -> None:
    async with _kept(Lease(app_dsn, ONE)) as keeping:
        _end_holder(owner_dsn)
        await _until(said, "lease.retaken")
        assert not keeping.done()
        with pytest.raises(HeldError):
            await Lease(app_dsn, TWO).begin()


async def test_a_database_that_is_away_costs_no_house_its_lease(
    app_dsn: str, owner_dsn: str, said: list[EventDict]
) -> None:
    away = False

    async def dsn() -> str:
        return f"{app_dsn} host=/nonexistent" if away else app_dsn

    with pytest.raises(DatabaseUnavailableError):
        await Lease(f"{app_dsn} host=/nonexistent", ONE).begin()
    async with _kept(Lease(dsn, ONE)) as keeping:
        away = True
        _end_holder(owner_dsn)
        await _until(said, "lease.lost")
        await asyncio.sleep(0.3)
        assert not keeping.done()
        away = False
        await _until(said, "lease.retaken")


async def test_whoever_took_a_lost_lease_has_it(app_dsn: str, owner_dsn: str, said: list[EventDict]) -> None:
    away = False

    async def dsn() -> str:
        return f"{app_dsn} host=/nonexistent" if away else app_dsn

    async with _kept(Lease(dsn, ONE)) as keeping:
        away = True
        _end_holder(owner_dsn)
        await _until(said, "lease.lost")
        async with _kept(Lease(app_dsn, TWO)):
            away = False
            with pytest.raises(HeldError, match=TWO.host):
                await keeping


async def test_a_house_does_not_take_its_own_old_session_for_another_house(app_dsn: str, said: list[EventDict]) -> None:
    """A way that broke: we know that the connection is lost, and PostgreSQL does not yet."""
    lease, stop = Lease(app_dsn, ONE), asyncio.Event()
    await lease.begin()
    old, lease._connection = lease._connection, None  # nobody outside can break the way
    keeping = asyncio.ensure_future(lease.keep(stop))
    await _until(said, "lease.lost")
    await asyncio.sleep(0.3)
    assert not keeping.done()
    assert old is not None
    await old.close()
    await _until(said, "lease.retaken")
    stop.set()
    await keeping
    await lease.end()


async def test_a_house_does_not_take_a_session_whose_answer_was_lost_for_another_house(
    app_dsn: str, owner_dsn: str, said: list[EventDict]
) -> None:
    """An attempt that the server granted, and that we took for failed: its process was never told."""
    granted, away = Lease(app_dsn, ONE), False

    async def dsn() -> str:
        return f"{app_dsn} host=/nonexistent" if away else app_dsn

    async with _kept(Lease(dsn, ONE)) as keeping:
        away = True
        _end_holder(owner_dsn)
        await _until(said, "lease.lost")
        await granted.begin()
        away = False
        await asyncio.sleep(0.3)
        assert not keeping.done()
        await granted.end()
        await _until(said, "lease.retaken")


READ_ONLY = "-c default_transaction_read_only=on"


async def test_a_lease_leaves_a_server_that_became_read_only(
    app_dsn: str, said: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A demoted primary ends no session, and keeps the lock; nothing is taken there before it writes again."""
    lease = Lease(app_dsn, ONE)
    async with _kept(lease) as keeping:
        await asyncio.sleep(0.3)
        assert said == []
        demoted = lease._connection
        assert demoted is not None
        with monkeypatch.context() as patch:
            patch.setattr("gatepost.db.lease._OPTIONS", READ_ONLY)
            _demote(demoted)
            await _until(said, "lease.lost")
            assert demoted.closed
            await asyncio.sleep(0.3)
            assert not keeping.done()
            assert "lease.retaken" not in [line["event"] for line in said]
        await _until(said, "lease.retaken")


def _demote(connection: psycopg.AsyncConnection[object]) -> None:
    """Make each next statement of a session read-only, as a demotion does."""
    execute = connection.execute

    async def demoted(query: bytes) -> object:
        await execute("set default_transaction_read_only = on")
        return await execute(query)

    connection.execute = demoted  # type: ignore[method-assign,assignment]


async def test_no_lease_is_taken_where_nothing_is_written(app_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatepost.db.lease._OPTIONS", READ_ONLY)
    with pytest.raises(DatabaseUnavailableError, match="read-only"):
        await Lease(app_dsn, ONE).begin()


async def test_a_lock_that_the_server_lost_is_taken_anew(app_dsn: str, said: list[EventDict]) -> None:
    """Such as by a pooler's ``discard all``."""
    lease = Lease(app_dsn, ONE)
    await lease.begin()
    assert lease._connection is not None
    await lease._connection.execute("select pg_advisory_unlock_all()")
    stop = asyncio.Event()
    keeping = asyncio.ensure_future(lease.keep(stop))
    await _until(said, "lease.retaken")
    stop.set()
    await keeping
    await lease.end()


async def test_a_lease_leaves_a_server_that_is_silent(
    app_dsn: str, said: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatepost.db.lease.ANSWER_S", 0.2)
    lease = Lease(app_dsn, ONE)
    async with _kept(lease):
        silent = lease._connection
        assert silent is not None
        monkeypatch.setattr(silent, "execute", lambda _query: asyncio.sleep(60))
        await _until(said, "lease.retaken")
        assert silent.closed
