import asyncio
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from app.running import Http, Smtp, settings_in, up
from gatepost.app.administer import add_tenant
from gatepost.app.ready import COMMIT_MAX_S, LOG_LAG_MAX_S, Readiness, Wrong
from gatepost.db import Database
from gatepost.journey import House
from gatepost.keys import KeyStore
from outbound import Hands
from outbound import house as built


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def keys(state: Path) -> Iterator[KeyStore]:
    """The test's own: what others of the process stand on may not be damaged."""
    with closing(KeyStore.open(state / "keys", os.urandom)) as keys:
        yield keys


async def test_a_whole_house_is_ready(house: House, state: Path) -> None:
    assert await Readiness(house, state)() == ()


async def test_a_process_without_descriptors_says_so(house: House, state: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one * 5 // 4, hard))  # a quarter of it is kept
    try:
        assert await Readiness(house, state)() == (Wrong.FILES,)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_look_that_failed_is_not_the_last(house: House, state: Path) -> None:
    def fail() -> bool:
        raise RuntimeError

    readiness = Readiness(house, state)
    readiness.takes_mail = fail
    with pytest.raises(RuntimeError):
        await readiness()
    readiness.takes_mail = lambda: True
    assert await readiness() == ()


async def test_a_database_that_is_away_is_named(house: House, state: Path, app_dsn: str, keys: KeyStore) -> None:
    async with Database.open(app_dsn, keys) as away:
        pass
    assert await Readiness(replace(house, db=away), state)() == (Wrong.DATABASE,)


async def test_a_master_key_that_is_gone_or_another_is_named(house: House, state: Path) -> None:
    master = state / "keys" / "master.key"
    master.write_bytes(b"7" * 32)
    assert await Readiness(house, state)() == (Wrong.KEYS,)
    master.unlink()
    assert await Readiness(house, state)() == (Wrong.KEYS,)
    assert not master.exists()  # to look makes none


async def test_a_folder_that_is_gone_has_no_room(house: House, state: Path) -> None:
    shutil.rmtree(state)
    assert await Readiness(house, state)() == (Wrong.KEYS, Wrong.DISK)


async def test_the_house_is_ready_with_as_much_room_as_it_takes_mail_with(house: House, state: Path) -> None:
    free = shutil.disk_usage(state).free
    assert await Readiness(house, state, free // 2)() == ()
    assert await Readiness(house, state, free * 2)() == (Wrong.DISK,)


async def test_a_house_none_of_whose_processes_takes_mail_is_not_ready(house: House, state: Path) -> None:
    readiness = Readiness(house, state)
    readiness.takes_mail = lambda: False
    assert await readiness() == (Wrong.SMTP,)


async def test_a_commit_that_does_not_end_is_named(house: House, state: Path) -> None:
    readiness = Readiness(house, state)
    readiness.commit_s = lambda: COMMIT_MAX_S + 1
    assert await readiness() == (Wrong.COMMIT,)


async def test_a_database_that_takes_no_writes_is_named(
    house: House, state: Path, app_dsn: str, owner_dsn: str, database_name: str, keys: KeyStore
) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(f"alter database {database_name} set default_transaction_read_only = on")
    async with Database.open(app_dsn, keys) as demoted:
        assert await Readiness(replace(house, db=demoted), state)() == (Wrong.DATABASE,)


async def test_a_log_that_lags_is_named(db: Database, state: Path) -> None:
    clock = Hands()
    house = built(db, state / "blobs", clock)
    await add_tenant(house, name="one", plan="free")  # leaves an entry, and nobody sequences
    assert await Readiness(house, state)() == ()
    clock.move(timedelta(seconds=LOG_LAG_MAX_S + 1))
    assert await Readiness(house, state)() == (Wrong.SEQUENCER,)


async def test_a_thousand_who_ask_at_once_cost_one_look(house: House, state: Path) -> None:
    def asked() -> int:
        return house.db.usage().get("requests_num", 0)

    assert await Readiness(house, state)() == ()
    one_look = asked()
    readiness = Readiness(house, state)
    answers = await asyncio.gather(*(readiness() for _ in range(1000)))
    assert set(answers) == {()}
    assert asked() - one_look <= one_look


async def test_a_house_that_is_told_to_stop_is_unready_first_and_then_drains(tmp_path: Path, app_dsn: str) -> None:
    settings = replace(settings_in(tmp_path), stop_delay_s=1.0)
    async with up(settings, app_dsn) as here:
        http = await Http.connect(here.running.http_port, tls=False)
        assert (await http.get("/health/ready"))[0] == 200
        signal.raise_signal(signal.SIGTERM)
        status, _, body = await http.get("/health/ready")
        assert status == 503
        assert Wrong.STOPPING in body
        assert (await http.get("/health/live"))[0] == 200
        late = await Smtp.connect(here.running.smtp_port)  # the doors are still open
        await late.say("EHLO client.example")
        assert (await late.heard()).startswith("421 ")  # and then it drains
        await late.close()
        await http.close()
