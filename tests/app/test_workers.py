"""Several processes on one port: real ones, with real connections, over one database."""

import asyncio
import errno
import os
import signal
import smtplib
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatepost.app import administer, state, workers
from gatepost.app import serve as served
from gatepost.app.board import CONNECTED, PLACES, commit_lasts_s, read_all
from gatepost.app.collect import family
from gatepost.app.errors import HouseEndedError
from gatepost.app.serve import Calls
from gatepost.app.state import Running
from gatepost.app.systemd import Supervisor
from gatepost.app.workers import REST_MAX_S, STARTS_MAX, STEADY_S, Pace
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.record import connections
from gatepost.settings import DnsSettings, HttpSettings, MetricsSettings, ScanSettings, Settings, SmtpSettings
from ports import free_port

AUTHOR = "boss@example.org"
DAILY = "daily@example.org"
AGENT = "agent@one.test"
POLICY: dict[str, object] = {
    "defaultAction": "bounce",
    "senders": [
        {"match": {"address": AUTHOR, "assurance": "none"}, "capabilities": [], "rateLimit": {"perHour": 5}},
        {"match": {"address": DAILY, "assurance": "none"}, "capabilities": [], "rateLimit": {"perDay": 5}},
        {"match": {"domain": "example.net", "assurance": "none"}, "capabilities": []},
    ],
    "auditLog": {"retentionDays": 30, "includeBodyHash": False},
}


def command(pid: int) -> bytes:
    """Return what a process was started as; nothing where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@dataclass
class Up:
    """A house with two workers."""

    house: House
    running: Running
    tenant: TenantId
    settings: Settings

    def workers(self) -> list[int]:
        return [pid for pid in family(os.getpid()) if b"gatepost.app.worker" in command(pid)]

    def await_successor(self, dead: int) -> None:
        deadline = time.monotonic() + 30
        while len(found := self.workers()) < 2 or dead in found:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def sessions(self) -> list[float]:
        """How many sessions each worker has had."""
        boards = sorted((self.settings.state / "boards").glob("smtp-*.board"))
        # Opened read-only: a process that counts there would begin anew.
        place = PLACES[CONNECTED.name][()] * 8
        return [memoryview(board.read_bytes()[place : place + 8]).cast("d")[0] for board in boards]

    def send(self, author: str, more: str) -> int:
        with smtplib.SMTP(self.running.smtp_host, self.running.smtp_port, timeout=30) as client:
            client.ehlo()
            client.mail(author)
            client.rcpt(AGENT)
            return client.data(f"From: {author}\r\n{more}\r\nHello\r\n")[0]

    def send_through(self, author: str, connections: int) -> list[int]:
        """Open so many connections, bring each to the end of its message, and only then let go of all at once."""
        ready = threading.Barrier(connections)

        def one(number: int) -> int:
            with smtplib.SMTP(self.running.smtp_host, self.running.smtp_port, timeout=120) as client:
                client.ehlo()
                client.mail(author)
                client.rcpt(AGENT)
                assert client.docmd("DATA")[0] == 354
                ready.wait(120)
                client.send(f"From: {author}\r\nSubject: {number}\r\n\r\nHello\r\n.\r\n".encode())
                return client.getreply()[0]

        with ThreadPoolExecutor(connections) as threads:
            return sorted(threads.map(one, range(connections)))

    async def send_at_once(self, author: str, letters: list[str]) -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(self.send, author, letter) for letter in letters))


@asynccontextmanager
async def up(folder: Path, dsn: str, *, is_again: bool = False, scan: ScanSettings | None = None) -> AsyncIterator[Up]:
    state.prepare(folder)
    settings = Settings(
        state=folder,
        smtp=SmtpSettings(port=0, workers=2, connections_per_address_max=200),
        http=HttpSettings(port=0),
        metrics=MetricsSettings(port=0),
        dns=DnsSettings(servers=("127.0.0.1:1",), timeout_s=0.2),
        scan=scan or ScanSettings(),
    )
    found: asyncio.Future[Up] = asyncio.get_running_loop().create_future()

    async def ready(house: House, running: Running) -> None:
        if is_again:
            found.set_result(Up(house, running, (await administer.find_tenant(house, "one")).id, settings))
            return
        tenant = (await administer.add_tenant(house, name="one", plan="free")).id
        await administer.add_domain(house, tenant, "one.test")
        account = await administer.add_mailbox(house, tenant, Address.parse(AGENT))
        await administer.set_policy(house, tenant, account.id, POLICY)
        found.set_result(Up(house, running, tenant, settings))

    calls = Calls(ready=ready, reread=lambda: settings, supervisor=Supervisor({}))
    with state.locked(folder):
        async with asyncio.timeout(150), asyncio.TaskGroup() as group:
            group.create_task(served.serve(settings, dsn, cluster=None, calls=calls))
            try:
                yield await found
            finally:
                signal.raise_signal(signal.SIGTERM)


async def test_two_processes_keep_limits_and_threads_as_one_does(tmp_path: Path, app_dsn: str) -> None:
    async with up(tmp_path, app_dsn) as one:
        codes = await one.send_at_once(AUTHOR, [f"Subject: {number}\r\n" for number in range(24)])
        assert sorted(codes) == [250] * 5 + [450] * 19
        for turn in range(3):
            letters = [
                f"Message-ID: <{number}.{turn}@example.net>\r\nReferences: <first.{turn}@example.net>\r\n"
                for number in range(24)
            ]
            assert await one.send_at_once("a@example.net", letters) == [250] * 24
        assert min(one.sessions()) > 0
        async with one.house.db.transaction(one.tenant) as tx:
            rows = await tx.all("select count(*) as count from email group by thread")
        assert sorted(row.count for row in rows) == [1] * 5 + [24] * 3


async def test_of_64_connections_to_two_processes_exactly_five_get_in_and_none_after_a_restart(
    tmp_path: Path, app_dsn: str
) -> None:
    """Per hour and per day; the windows lie in the database, so whoever starts anew counts on."""
    async with up(tmp_path, app_dsn) as one:
        for author in (AUTHOR, DAILY):
            assert await asyncio.to_thread(one.send_through, author, 64) == [250] * 5 + [450] * 59
        assert min(one.sessions()) > 0
    async with up(tmp_path, app_dsn, is_again=True) as again:
        for author in (AUTHOR, DAILY):
            assert await asyncio.to_thread(again.send_through, author, 4) == [450] * 4


async def test_what_a_worker_connects_to_stands_in_the_register(tmp_path: Path, app_dsn: str) -> None:
    scanner = f"127.0.0.1:{free_port()}"
    async with up(tmp_path, app_dsn, scan=ScanSettings(clamd=scanner)) as one:
        assert await asyncio.to_thread(one.send, "a@example.net", "Subject: x\r\n") == 250
        found: set[tuple[str, str]] = set()
        while ("scan", scanner) not in found:  # the house itself scans nothing while it has workers
            await asyncio.sleep(0.1)
            async with one.house.db.transaction(one.tenant) as tx:
                found = {(each.purpose.value, each.destination) for each in await connections(tx)}


async def test_a_worker_that_dies_is_begun_anew_and_all_end_with_the_house(tmp_path: Path, app_dsn: str) -> None:
    async with up(tmp_path, app_dsn) as one:
        before = one.workers()
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        await asyncio.to_thread(one.await_successor, before[0])
        assert before[1] in one.workers()
        assert await one.send_at_once("a@example.net", ["Subject: x\r\n"] * 8) == [250] * 8
        after = one.workers()
    assert not any(map(command, after))


@contextmanager
def ordered(folder: Path, dsn: str) -> Iterator[workers.Order]:
    """Yield what a worker is told to do, on a port that nobody else gets meanwhile."""
    state.prepare(folder)
    (folder / "boards").mkdir()
    settings = Settings(state=folder, dns=DnsSettings(servers=("127.0.0.1:1",)))
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        yield workers.Order(settings=settings, dsn=dsn, allow_loopback=True, port=int(held.getsockname()[1]))


async def test_a_worker_that_hangs_is_begun_anew(tmp_path: Path, app_dsn: str) -> None:
    def living() -> set[int]:
        return {pid for pid in family(os.getpid()) if b"gatepost.app.worker" in command(pid)}

    with ordered(tmp_path, app_dsn) as order:
        is_up = asyncio.Event()
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            keeping = group.create_task(workers.Workers(order, silent_s=2).keep(0, is_up))
            await is_up.wait()
            hung = living()
            for pid in hung:
                os.kill(pid, signal.SIGSTOP)
            async with asyncio.timeout(60):
                while hung & living() or not living():
                    await asyncio.to_thread(time.sleep, 0.1)
            keeping.cancel()


async def test_the_commit_of_a_worker_that_died_is_over_before_its_successor_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = workers.Order(settings=Settings(state=tmp_path), dsn="", allow_loopback=True, port=1, number=3)
    order.board.parent.mkdir()
    seen = list[float]()

    async def die_in_a_commit(*_command: str, **_how: Any) -> asyncio.subprocess.Process:
        seen.append(commit_lasts_s(read_all(order.board.parent)))
        code = f"""
import os
from gatepost.app.board import Board
from pathlib import Path
Board.shared(Path({str(order.board)!r})).committing(is_under_way=True)
os.kill(os.getpid(), 9)
"""
        return await start(sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)

    start = asyncio.create_subprocess_exec
    monkeypatch.setattr(asyncio, "create_subprocess_exec", die_in_a_commit)
    monkeypatch.setattr(workers, "REST_S", 0.0)
    with pytest.raises(HouseEndedError):
        await workers.Workers(order).keep(3, asyncio.Event())
    assert seen == [0.0] * STARTS_MAX


def test_a_worker_that_keeps_dying_is_begun_ever_later_and_never_given_up() -> None:
    pace = Pace()
    pauses = [pace.after(served_s=1.0) for _ in range(1000)]
    assert pauses[:4] == [0.5, 1, 2, 4]
    assert pauses[-1] == REST_MAX_S
    assert pace.after(served_s=STEADY_S) == 0.5, "it was well: this death is its first"
    assert [pace.after(None) for _ in range(100)][-1] == REST_MAX_S, "it has served once"


def test_a_worker_that_never_served_is_told_of_soon() -> None:
    pace = Pace()
    for _ in range(STARTS_MAX - 1):
        pace.after(None)
    with pytest.raises(HouseEndedError, match="never served"):
        pace.after(None)


async def test_a_port_that_another_program_has_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings(state=tmp_path, smtp=SmtpSettings(port=port, workers=2))
        with pytest.raises(HouseEndedError, match=f"{port} for SMTP: .*GATEPOST_SMTP__PORT"):
            async with workers.working(settings, "dbname=unused"):
                pass


async def test_a_worker_that_cannot_be_started_now_is_started_later(
    tmp_path: Path, app_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, tries = asyncio.create_subprocess_exec, 0

    async def refuse_once(*command: str, **how: Any) -> asyncio.subprocess.Process:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise BlockingIOError(errno.EAGAIN, "as many processes as there may be")
        return await start(*command, **how)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse_once)
    with ordered(tmp_path, app_dsn) as order:
        is_up = asyncio.Event()
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            keeping = group.create_task(workers.Workers(order).keep(0, is_up))
            await is_up.wait()
            keeping.cancel()
    assert tries == 2
