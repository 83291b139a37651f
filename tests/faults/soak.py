"""A house in production form on a PostgreSQL that the test runs and breaks, reached over a way that it makes bad."""

import asyncio
import errno
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.message
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from typing_extensions import override

from faults.beyond import Beyond
from faults.machine import Machine
from faults.sender import Book, Client, Mail
from faults.zone import answers
from gatepost.db.launcher import OWNER, Cluster, find_binaries, home_for
from gatepost.keys.keystore import FILE
from hostile_dns import serving
from relay import Relay, Way

WORKERS = 2
PLACES = ("/.draft-", "/spool/", "/blobs/bodies", "/second/", "/keys/")
"""Of a house's disk, each of which may fail alone."""
BREATH_S = 0.05


class Served(Machine):
    """``gatepost serve``; ``owner``: how the owner of the tables comes in, past the way that may be bad."""

    owner = ""

    @override
    def owner_dsn(self) -> str:
        return self.owner

    @override
    def command(self) -> list[str]:
        return [super().command()[0], "serve"]


@dataclass
class Names:
    """A name server that may fall silent."""

    is_silent: bool = False

    def __call__(self, question: dns.message.Message, is_tcp: bool) -> list[bytes]:  # the server's
        return [] if self.is_silent else answers(question, is_tcp)


@dataclass
class Receiver:
    """Takes webhooks, and remembers what they said."""

    port: int = 0
    said: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                size = int(head.partition("content-length:")[2].split("\r\n")[0])
                self.said.append((await reader.readexactly(size)).decode())
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        writer.close()


@dataclass
class Soak:
    """All there is to break, and what the clients were told."""

    house: Served
    cluster: Cluster
    relay: Relay
    names: Names
    rules: Path
    receiver: Receiver
    beyond: Beyond
    chance: random.Random
    book: Book = field(default_factory=Book)
    _number: int = 0

    def backends(self) -> list[int]:
        """Return the processes of PostgreSQL that serve the house."""
        with psycopg.connect(self.cluster.dsn(OWNER), autocommit=True) as owner:
            query = "select pid from pg_stat_activity where usename like 'gatepost\\_%' and pid <> pg_backend_pid()"
            return [pid for (pid,) in owner.execute(query).fetchall()]

    async def send(self, size_octets: int = 0) -> str:
        """Send one mail over a connection of its own; return what it was told, "" where nothing."""
        self._number += 1
        mail = Mail(f"soak-{self._number}", size_octets=size_octets)
        self.book.answers[mail.token] = None
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(120), Client.connected(self.house.port) as client:
                self.book.answers[mail.token] = await client.send(mail, self.house.recipient)
        return self.book.answers[mail.token] or ""

    async def ask(self, path: str = "messages", body: dict[str, Any] | None = None) -> int:
        """Ask REST for something, or post; return the status, 0 where there was none."""
        return await asyncio.to_thread(self._ask, path, body)

    def _ask(self, path: str, body: dict[str, Any] | None) -> int:
        url = f"{self.house.running['base_url']}/v1/mailboxes/{self.house.sandbox['mailbox_id']}/{path}"
        head = {"authorization": f"Bearer {self.house.sandbox['api_key']}", "content-type": "application/json"}
        octets = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, octets, head), timeout=60) as found:  # noqa: S310  # ours
                return int(found.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    @asynccontextmanager
    async def traffic(self) -> AsyncIterator[None]:
        """Keep clients of every kind at work."""

        async def mails(size_octets: int) -> None:
            while True:
                await self.send(size_octets)
                await asyncio.sleep(BREATH_S)

        async def reads() -> None:
            while True:
                await self.ask()
                await asyncio.sleep(BREATH_S)

        tasks = [asyncio.ensure_future(each) for each in (*map(mails, (0, 0, 0, 100_000, 1_500_000)), reads())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def soaking(house: Served, rules: Path, beyond: Beyond, chance: random.Random) -> AsyncIterator[Soak]:
    """Bring up a house that has been up before, on a PostgreSQL of the test's own."""
    names, receiver = Names(), Receiver()
    cluster = Cluster(home_for(house.state), find_binaries(home_for(house.state)))
    await asyncio.to_thread(cluster.start)
    house.owner = cluster.dsn(OWNER)
    said = conninfo_to_dict(cluster.dsn("gatepost_app"))
    far, near = Path(str(said["host"]), ".s.PGSQL.5432"), house.state / ".s.PGSQL.1"
    hooks = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.port = int(hooks.sockets[0].getsockname()[1])
    async with Relay.before(far, near) as relay, serving(names) as server:
        house.environment |= {
            "GATEPOST_DATABASE__DSN": make_conninfo(cluster.dsn("gatepost_app"), host=str(house.state), port=1),
            "GATEPOST_DNS__SERVERS": server.address,
            "GATEPOST_SMTP__WORKERS": str(WORKERS),
            "GATEPOST_EGRESS__ALLOW_PRIVATE": "127.0.0.0/8",
        }
        await asyncio.to_thread(house.start_again)
        try:
            yield Soak(house, cluster, relay, names, rules, receiver, beyond, chance)
        finally:
            if house.up is not None and house.up.poll() is None:
                house.kill()
            await asyncio.to_thread(cluster.stop)
            hooks.close()


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def _stopped(pids: list[int]) -> Iterator[None]:
    _signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _postgres(soak: Soak) -> list[int]:
    """Return its processes, the one that lets in first."""
    assert soak.cluster.process is not None
    return [soak.cluster.process.pid, *soak.backends()]


async def _way(soak: Soak, way: Way, *, for_s: float) -> None:
    soak.relay.way = way
    await asyncio.sleep(for_s)
    soak.relay.way = Way.OPEN


async def closed_to_new_ones(soak: Soak) -> None:
    await soak.relay.shut()
    with psycopg.connect(soak.cluster.dsn(OWNER), autocommit=True) as owner:
        owner.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gatepost_accept'")
    await asyncio.sleep(5)
    await soak.relay.admit()


async def swallowing(soak: Soak) -> None:
    await _way(soak, Way.SWALLOWING, for_s=soak.chance.choice((3, 40)))


async def halving(soak: Soak) -> None:
    await _way(soak, Way.HALVING, for_s=2)


async def resetting(soak: Soak) -> None:
    await _way(soak, Way.RESETTING, for_s=2)


async def slow(soak: Soak) -> None:
    await _way(soak, Way.SLOW, for_s=5)


async def postgres_stopped(soak: Soak) -> None:
    with _stopped(_postgres(soak)):
        await asyncio.sleep(soak.chance.choice((3, 45)))


async def backend_stopped(soak: Soak) -> None:
    with _stopped([soak.chance.choice(soak.backends())]):
        await asyncio.sleep(soak.chance.choice((3, 45)))


async def backend_killed(soak: Soak) -> None:
    _signal([soak.chance.choice(soak.backends())], signal.SIGKILL)


async def backends_terminated(soak: Soak) -> None:
    _signal(soak.backends(), signal.SIGTERM)


async def postgres_killed(soak: Soak, number: signal.Signals = signal.SIGKILL) -> None:
    assert soak.cluster.process is not None
    soak.cluster.process.send_signal(number)
    await asyncio.to_thread(soak.cluster.process.wait, 60)
    await asyncio.sleep(soak.chance.uniform(0, 3))
    await asyncio.to_thread(soak.cluster.start)


async def postgres_stopped_immediately(soak: Soak) -> None:
    await postgres_killed(soak, signal.SIGQUIT)


async def worker_killed(soak: Soak) -> None:
    _signal([soak.chance.choice(soak.house.workers())], signal.SIGKILL)


async def worker_stopped(soak: Soak) -> None:
    with _stopped([soak.chance.choice(soak.house.workers())]):
        await asyncio.sleep(soak.chance.choice((3, 35)))


async def house_stopped(soak: Soak) -> None:
    with _stopped(soak.house.tree()):
        await asyncio.sleep(soak.chance.choice((3, 35)))


async def names_silent(soak: Soak) -> None:
    soak.names.is_silent = True
    await asyncio.sleep(5)
    soak.names.is_silent = False


async def disk_failing(soak: Soak) -> None:
    call, number = soak.chance.choice((("fsync", errno.EIO), ("write", errno.ENOSPC), ("write", errno.EIO)))
    soak.rules.write_text(f"{call} {number} {soak.chance.choice(PLACES)}\n")
    await asyncio.sleep(3)
    soak.rules.write_text("")


async def keys_locked(soak: Soak) -> None:
    held = sqlite3.connect(soak.house.state / "keys" / FILE, isolation_level=None)
    held.execute("begin immediate")
    await asyncio.sleep(soak.chance.choice((1, 12)))
    held.execute("rollback")
    held.close()


@asynccontextmanager
async def _shut(gate: threading.Event) -> AsyncIterator[None]:
    gate.clear()
    try:
        yield
    finally:
        gate.set()


async def bucket_silent(soak: Soak) -> None:
    async with _shut(soak.beyond.store.is_open):
        await asyncio.sleep(soak.chance.choice((3, 35)))


async def bucket_broken(soak: Soak) -> None:
    soak.beyond.store.is_broken = True
    await asyncio.sleep(5)
    soak.beyond.store.is_broken = False


async def bucket_halving(soak: Soak) -> None:
    soak.beyond.store.is_halving = True
    await asyncio.sleep(5)
    soak.beyond.store.is_halving = False


async def siem_silent(soak: Soak) -> None:
    async with _shut(soak.beyond.siem.is_open):
        await asyncio.sleep(soak.chance.choice((3, 35)))


async def siem_busy(soak: Soak) -> None:
    soak.beyond.siem.is_busy = True
    await asyncio.sleep(5)
    soak.beyond.siem.is_busy = False


async def clock_set(soak: Soak) -> None:
    soak.beyond.set_clock(soak.chance.choice((-60, -2, 60, 7_200, 86_400)))
    await asyncio.sleep(5)


FAULTS: tuple[Callable[[Soak], Awaitable[None]], ...] = (
    closed_to_new_ones,
    swallowing,
    halving,
    resetting,
    slow,
    postgres_stopped,
    backend_stopped,
    backend_killed,
    backends_terminated,
    postgres_killed,
    postgres_stopped_immediately,
    worker_killed,
    worker_stopped,
    house_stopped,
    names_silent,
    disk_failing,
    keys_locked,
    bucket_silent,
    bucket_broken,
    bucket_halving,
    siem_silent,
    siem_busy,
    clock_set,
)


def shims(folder: Path) -> tuple[str, Path]:
    """Build what makes a disk fail and a clock jump; return what to load, and the file of the disk's rules."""
    rules = folder / "rules"
    built = [folder / f"{name}.so" for name in ("failing_disk", "jumping_clock")]
    for each in built:
        source = Path(__file__).with_name(each.with_suffix(".c").name)
        command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(each), str(source), "-ldl"]
        subprocess.run(command, check=True)  # noqa: S603  # our own words
    rules.write_text("")
    return ":".join(map(str, built)), rules
