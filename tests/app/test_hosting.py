"""The agents' process is there while somebody wants it: a real one, started and ended by the house."""

import asyncio
import errno
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from app.running import settings_in
from app.test_doorway import postgres
from gatepost.act.hosted import store
from gatepost.app.build import accept_dsn
from gatepost.app.confine import is_confined
from gatepost.app.doorway import Doorway
from gatepost.app.hosting import Hosting
from gatepost.app.workers import SILENT_S, Order
from gatepost.blobs import Blobs
from gatepost.blobs.bucket import Bucket
from gatepost.db import Database
from gatepost.keys import KeyStore
from outbound import NOW, TENANT, entropy
from ways import way_out


async def switch(db: Database, *, is_on: bool) -> None:
    async with db.transaction(TENANT) as tx:
        await store.switch(tx, is_on=is_on, at=NOW)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  # it is another process: nobody tells
            await asyncio.sleep(0.05)


@asynccontextmanager
async def watching(
    app_dsn: str, folder: Path, *, far: str = "", silent_s: float = SILENT_S
) -> AsyncIterator[tuple[Hosting, Database]]:
    """Yield what watches the process; ``far``: the connection string it is given, where that is another."""
    settings = settings_in(folder)
    keys = KeyStore.open(settings.state / "keys", entropy)
    async with Database.open(app_dsn, keys) as db, asyncio.TaskGroup() as group:
        stop = asyncio.Event()
        order = Order(settings=settings, dsn=far or app_dsn, allow_loopback=True, port=0)
        doorway = Doorway(way_out(), Blobs(Bucket.in_memory()), far or app_dsn, accept_dsn(settings, far or app_dsn))
        hosting = Hosting(order, db, doorway, silent_s=silent_s)
        group.create_task(hosting.run(stop))
        try:
            yield hosting, db
        finally:
            stop.set()


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def test_the_process_comes_and_goes_with_the_switch_and_after_a_death(app_dsn: str, tmp_path: Path) -> None:
    async with watching(app_dsn, tmp_path / "state") as (hosting, db):
        await asyncio.sleep(1.5)
        assert hosting.pid is None
        await switch(db, is_on=True)
        await until(lambda: hosting.pid)
        first = hosting.pid
        assert first is not None
        await until(lambda: is_confined(first))
        os.kill(first, signal.SIGKILL)
        await until(lambda: hosting.pid not in {None, first})
        second = hosting.pid
        assert second is not None
        await switch(db, is_on=False)
        await until(lambda: hosting.pid is None)
        assert is_gone(second)
        await switch(db, is_on=True)
        await until(lambda: hosting.pid)
        third = hosting.pid
        assert third is not None
    assert is_gone(third)


async def test_a_process_that_hangs_is_replaced(app_dsn: str, tmp_path: Path) -> None:
    async with watching(app_dsn, tmp_path / "state", silent_s=3) as (hosting, db):
        await switch(db, is_on=True)
        await until(lambda: hosting.pid and is_confined(hosting.pid))
        first = hosting.pid
        assert first is not None
        await asyncio.sleep(7)
        assert hosting.pid == first, "it says that it goes on"
        os.kill(first, signal.SIGSTOP)
        await until(lambda: hosting.pid not in {None, first})
        assert is_gone(first)


async def test_its_database_may_be_on_the_network_though_it_has_no_way_there(app_dsn: str, tmp_path: Path) -> None:
    async with postgres(app_dsn, tmp_path) as (port, began):
        far = make_conninfo(app_dsn, host="127.0.0.1", port=port)
        async with watching(app_dsn, tmp_path / "state", far=far) as (hosting, db):
            await switch(db, is_on=True)
            await until(lambda: began and hosting.pid and is_confined(hosting.pid))
            first = hosting.pid
            await asyncio.sleep(2)
            assert hosting.pid == first, "it died"


async def test_a_process_that_cannot_be_started_now_is_started_later(
    app_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, tries = Doorway.open, 0

    def refuse_once(doorway: Doorway) -> AbstractAsyncContextManager[tuple[Path, list[str]]]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError(errno.ENOSPC, "no room for a socket's folder")
        return opened(doorway)

    monkeypatch.setattr(Doorway, "open", refuse_once)
    async with watching(app_dsn, tmp_path) as (hosting, db):
        await switch(db, is_on=True)
        await until(lambda: hosting.pid)
        await switch(db, is_on=False)
        await until(lambda: hosting.pid is None)
    assert tries == 2
