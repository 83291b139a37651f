"""The real house under the eyes of the kernel: whatever connects, in whichever library, must be in the register.

Two witnesses: strace sees every ``connect`` of the process, also those of native code; an audit hook sees which names
Python code has looked up by itself.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import dns.flags
import dns.message
import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict

from blobs.test_bucket import Shelf
from cli.process import GATEPOST
from gatepost.access.paper import Role
from gatepost.app import administer, build, state
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.mail.address import Address
from gatepost.record import connections
from gatepost.settings import Settings
from hostile_dns import answer, serving
from outbound import Sink, http_receiver, smtp_sink
from ports import free_port
from talkers import talking

STRACE = shutil.which("strace")
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(STRACE is None, reason="strace is not installed: apt-get install strace"),
]

POLICY = {
    "defaultAction": "bounce",
    "senders": [{"match": {"address": "boss@example.com"}, "capabilities": []}],
    "auditLog": {"retentionDays": 30},
}
FORBIDDEN = {
    "http://10.9.9.9/hook": "address.private",
    "http://169.254.169.254/latest/meta-data/": "address.metadata",
    "http://9.9.9.9/hook": "transport.clear",
}
CONNECTED = re.compile(r'connect\(\d+, \{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?"([0-9a-f.:]+)"')

# Run by Python before the house: it writes down what names are looked up, and where told, it is the rogue.
WITNESS = """
import os, sys
seen = open(os.environ["WITNESS"], "a", buffering=1)
def hook(event, arguments):
    if event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"} and arguments[0]:
        seen.write(f"{arguments[0]}\\n")
sys.addaudithook(hook)
rogue = os.environ.get("ROGUE", "")
if rogue:
    import ctypes, struct, socket
    native = ctypes.CDLL(None)
    number = native.socket(2, 1, 0)
    place = struct.pack("=H", 2) + struct.pack("!H", int(rogue)) + socket.inet_aton("127.0.0.1") + bytes(8)
    native.connect(number, place, len(place))
"""


def zone(question: dns.message.Message, is_tcp: bool) -> list[bytes]:  # noqa: FBT001  # the name server's signature
    """Everybody may send from here; the answer is long enough for TCP."""
    asked = question.question[0]
    texts = [f'{asked.name} 60 TXT "v=spf1 ip4:127.0.0.1 -all"'] if asked.rdtype.name == "TXT" else []
    response = answer(question, *texts)
    if texts and not is_tcp:
        response = answer(question)
        response.flags |= dns.flags.TC
    return [response.to_wire()]


@dataclass
class Scene:
    """Where everything outside the house listens, by purpose, and where the house is."""

    ports: dict[int, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    sink: Sink = field(default_factory=Sink)
    hook: str = ""
    tenant: TenantId | None = None
    mailbox: int = 0
    key: str = ""


@contextmanager
def shelf() -> Iterator[Shelf]:
    with Shelf() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@asynccontextmanager
async def over_tcp(app_dsn: str) -> AsyncIterator[tuple[int, str]]:
    """Lead TCP to PostgreSQL's Unix socket: a database that is elsewhere."""
    name = f"{conninfo_to_dict(app_dsn)['host']}/.s.PGSQL.5432"

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(name)

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while octets := await source.read(65536):
                    target.write(octets)
                    await target.drain()
            target.close()

        try:
            await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
        finally:
            inner_writer.transport.abort()

    async with talking(carry) as port:
        said = {name: value for name, value in conninfo_to_dict(app_dsn).items() if name not in {"host", "port"}}
        yield port, " ".join([f"host=127.0.0.1 port={port}", *(f"{name}={value}" for name, value in said.items())])


@asynccontextmanager
async def scene(app_dsn: str, folder: Path) -> AsyncIterator[Scene]:
    made = Scene(settings=Settings(state=folder, hostname="mail.gatepost.test"))
    state.prepare(folder)
    with ExitStack() as stack:
        bucket = stack.enter_context(shelf())
        async with (
            serving(zone) as names,
            smtp_sink() as made.sink,
            http_receiver() as receiver,
            over_tcp(app_dsn) as (database, dsn),
        ):
            made.hook = receiver.url
            made.ports = {
                int(names.address.rpartition(":")[2]): "dns",
                made.sink.port: "relay",
                int(receiver.url.rpartition(":")[2].partition("/")[0]): "webhook",
                bucket.server_port: "blobs",
                database: "database",
            }
            (folder / "witness").mkdir()
            (folder / "witness" / "sitecustomize.py").write_text(WITNESS)
            (folder / "house.toml").write_text('[egress]\nallow_private = ["127.0.0.0/8"]\n')
            made.environment = {
                "PATH": os.environ["PATH"],  # noqa: TID251  # a child needs it
                "PYTHONPATH": str(folder / "witness"),
                "WITNESS": str(folder / "witness" / "seen.txt"),
                "GATEPOST_CONFIG": str(folder / "house.toml"),
                "GATEPOST_STATE": str(folder),
                "GATEPOST_HOSTNAME": "mail.gatepost.test",
                "GATEPOST_SMTP__PORT": "0",
                "GATEPOST_HTTP__PORT": "0",
                "GATEPOST_DNS__SERVERS": names.address,
                "GATEPOST_DELIVERY__NEXT_HOP": f"127.0.0.1:{made.sink.port}",
                "GATEPOST_BLOBS__URL": "s3://bucket/prefix",
                "GATEPOST_DATABASE__DSN": dsn,
                "AWS_ENDPOINT": bucket.url,
                "AWS_ACCESS_KEY_ID": "id",
                "AWS_SECRET_ACCESS_KEY": "secret",
                "HTTP_PROXY": "http://127.0.0.1:9",
                "HTTPS_PROXY": "http://127.0.0.1:9",
            }
            await inhabit(made, app_dsn)
            yield made


async def inhabit(made: Scene, app_dsn: str) -> None:
    """Make a tenant with a mailbox and an agent's key."""
    async with build.open_house(replace(made.settings), app_dsn) as house:
        tenant = await administer.add_tenant(house, name="acme", plan="free")
        await administer.add_domain(house, tenant.id, "acme.test")
        account = await administer.add_mailbox(house, tenant.id, Address.parse("agent@acme.test"))
        await administer.set_policy(house, tenant.id, account.id, POLICY)
        _, made.key = await administer.add_key(house, tenant.id, Role.OWNER, label="test")
        made.tenant, made.mailbox = tenant.id, account.id


@asynccontextmanager
async def traced(made: Scene, extra: Mapping[str, str]) -> AsyncIterator[state.Running]:
    """Serve under strace until the context ends."""
    assert STRACE is not None
    folder = made.settings.state
    with (folder / "house.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *(STRACE, "-f", "--seccomp-bpf", "-e", "trace=connect", "-e", "signal=none", "-o", str(folder / "trace")),
            *(sys.executable, GATEPOST, "serve"),
            env={**made.environment, **extra},
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(60):
            while (running := state.running(folder)) is None:
                assert process.returncode is None, (folder / "house.log").read_text()
                await asyncio.sleep(0.1)
        yield running
    finally:
        if process.returncode is None:
            os.kill(running_pid(folder), signal.SIGTERM)  # the house, not its tracer
            await asyncio.wait_for(process.wait(), 30)


def running_pid(folder: Path) -> int:
    found = state.running(folder)
    assert found is not None
    return found.pid


async def live(made: Scene, running: state.Running) -> None:
    """Let a mail arrive, be told of, be answered and leave."""
    import smtplib  # noqa: PLC0415  # beside its one use

    headers = {"Authorization": f"Bearer {made.key}"}
    async with httpx2.AsyncClient(base_url=f"{running.base_url}/v1/", headers=headers, timeout=30) as rest:
        for url in (made.hook, *FORBIDDEN):
            told = await rest.post(f"mailboxes/{made.mailbox}/webhooks", json={"url": url})
            is_spelled_out = FORBIDDEN.get(url, "").startswith("address.")
            assert told.status_code == (422 if is_spelled_out else 201), told.text

        def send() -> None:
            with smtplib.SMTP(running.smtp_host, running.smtp_port, timeout=30) as client:
                client.sendmail(
                    "boss@example.com", "agent@acme.test", "From: boss@example.com\r\nSubject: x\r\n\r\nHello.\r\n"
                )

        await asyncio.to_thread(send)
        [mail] = (await rest.get(f"mailboxes/{made.mailbox}/messages")).json()["items"]
        said = await rest.post(
            f"mailboxes/{made.mailbox}/messages/{mail['message_id']}/reply", json={"text_body": "Friday is fine."}
        )
        assert said.status_code == 200, said.text
        while not made.sink.mails:  # noqa: ASYNC110  # the sink has no event
            await asyncio.sleep(0.1)


def visited(trace: Path) -> set[tuple[str, int]]:
    """Return each address and port somebody connected to."""
    return {(address, int(port)) for port, address in CONNECTED.findall(trace.read_text())}


async def refused(app_dsn: str, tenant: TenantId | None) -> set[tuple[str, str]]:
    """Return what the record says was refused: the kind of id it was about, and the rule."""
    query = """
        select leaf.value ->> 'object_ref' as ref, leaf.value -> 'detail' ->> 'rule' as rule
        from entry, lateral (select convert_from(entry.leaf, 'UTF8')::json as value) as leaf
        where tenant = %(tenant)s and kind = 'egress'
    """
    async with Database.open(app_dsn) as db, db.transaction(tenant) as tx:
        return {(row.ref.partition("_")[0], row.rule) for row in await tx.all(query)}


async def registered(app_dsn: str, tenant: TenantId | None) -> set[str]:
    async with Database.open(app_dsn) as db, db.transaction(tenant) as tx:
        return {each.purpose.value for each in await connections(tx)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


async def test_the_house_connects_to_what_is_registered_and_to_nothing_else(app_dsn: str, folder: Path) -> None:
    async with scene(app_dsn, folder) as made:
        async with traced(made, {}) as running, asyncio.timeout(60):
            await live(made, running)
            await asyncio.sleep(1)  # the log's tiles go to the bucket
        places = visited(folder / "trace")
        assert {made.ports.get(port, f"{address}:{port}") for address, port in places} == set(made.ports.values())
        assert await registered(app_dsn, made.tenant) == set(made.ports.values())
        about = {rule: "wh" if rule == "transport.clear" else str(made.mailbox) for rule in FORBIDDEN.values()}
        assert await refused(app_dsn, made.tenant) == {(ref, rule) for rule, ref in about.items()}
        assert (folder / "witness" / "seen.txt").read_text() == ""


async def test_a_rogue_connection_of_native_code_is_seen(app_dsn: str, folder: Path) -> None:
    async with scene(app_dsn, folder) as made:
        rogue = free_port()
        async with traced(made, {"ROGUE": str(rogue)}):
            pass
        assert ("127.0.0.1", rogue) in visited(folder / "trace")
        assert rogue not in made.ports
