import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.running import settings_in, up
from gatepost.app.systemd import Supervisor


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def heard(ear: socket.socket) -> list[str]:
    return ear.recv(4096).decode().splitlines()


def test_each_word_is_spelled_as_systemd_reads_it(ear: socket.socket) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": str(ear.getsockname())})
    supervisor.ready()
    assert heard(ear)[0] == "READY=1"
    supervisor.reloading()
    first, second = heard(ear)
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0
    supervisor.stopping()
    assert heard(ear)[0] == "STOPPING=1"


def test_an_abstract_socket_is_spoken_to_as_well() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0gatepost-test-notify")
        ear.settimeout(5)
        Supervisor({"NOTIFY_SOCKET": "@gatepost-test-notify"}).ready()
        assert heard(ear)[0] == "READY=1"


@pytest.mark.parametrize(
    "environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"WATCHDOG_USEC": "soon"}, {"NOTIFY_SOCKET": ""}]
)
async def test_where_nobody_listens_nothing_happens(environment: dict[str, str]) -> None:
    supervisor = Supervisor(environment)
    supervisor.ready()
    await supervisor.keep_petting(asyncio.Event())


async def test_the_watchdog_hears_from_the_loop_until_the_stop(ear: socket.socket) -> None:
    stop = asyncio.Event()
    supervisor = Supervisor({"NOTIFY_SOCKET": str(ear.getsockname()), "WATCHDOG_USEC": "100000"})
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(supervisor.keep_petting(stop))
        for _ in range(3):
            assert await asyncio.to_thread(heard, ear) == ["WATCHDOG=1"]
        stop.set()


async def test_a_house_says_when_it_is_ready_when_it_reloads_and_when_it_stops(
    ear: socket.socket, tmp_path: Path, app_dsn: str
) -> None:
    environment = {"NOTIFY_SOCKET": str(ear.getsockname())}
    async with up(settings_in(tmp_path / "state"), app_dsn, environment):
        assert (await asyncio.to_thread(heard, ear))[0] == "READY=1"
        signal.raise_signal(signal.SIGHUP)
        assert (await asyncio.to_thread(heard, ear))[0] == "RELOADING=1"
        assert (await asyncio.to_thread(heard, ear))[0] == "READY=1"
    assert (await asyncio.to_thread(heard, ear))[0] == "STOPPING=1"
