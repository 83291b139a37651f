import asyncio
import json
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import structlog
from structlog.typing import EventDict

from app.running import settings_in, up
from gatepost.app import serve as served
from gatepost.app import state
from gatepost.app.administer import add_domain, add_tenant
from gatepost.app.errors import HouseEndedError
from gatepost.app.serve import Calls
from gatepost.app.state import Running
from gatepost.app.systemd import Supervisor
from gatepost.db import DatabaseUnavailableError
from gatepost.db.lease import HeldError, Holder, Lease
from gatepost.db.migrate import MigrationError
from gatepost.journey import House
from gatepost.meters import Raised
from gatepost.settings import DnsSettings, HttpSettings, Settings, SmtpSettings

log = structlog.get_logger()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    state.prepare(tmp_path)
    return Settings(
        state=tmp_path,
        smtp=SmtpSettings(port=0),
        http=HttpSettings(port=0),
        dns=DnsSettings(servers=("127.0.0.1:1",), timeout_s=0.2),
    )


def calls(settings: Settings, ready: Callable[[House, Running], Awaitable[None]]) -> Calls:
    return Calls(ready=ready, reread=lambda: settings, supervisor=Supervisor({}))


async def never(_house: House, _running: Running) -> None:
    raise AssertionError("a house whose doors cannot open is not ready")


def say(running: Running, recipient: str) -> int:
    with smtplib.SMTP(running.smtp_host, running.smtp_port, timeout=10) as client:
        client.starttls()
        client.ehlo()
        client.mail("a@example.org")
        code, _ = client.rcpt(recipient)
        return code if code != 250 else client.data(b"From: a@example.org\r\n\r\nHello\r\n")[0]


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # our own house
            json.load(answer)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


async def test_both_doors_open_and_a_signal_closes_them(settings: Settings, app_dsn: str) -> None:
    seen: list[Running] = []
    is_up = asyncio.Event()

    async def ready(house: House, running: Running) -> None:
        seen.append(running)
        assert state.running(settings.state) == running
        assert (settings.state / "keys" / "keys.sqlite-wal").stat().st_size > 4_000_000  # room for many new keys
        tenant = await add_tenant(house, name="one", plan="free")
        await add_domain(house, tenant.id, "one.test")
        is_up.set()

    async def visit() -> None:
        await is_up.wait()
        assert await asyncio.to_thread(status, f"{seen[0].base_url}/openapi.json") == 200
        assert await asyncio.to_thread(status, f"{seen[0].base_url}/v1/mailboxes/1/policy") == 401
        assert await asyncio.to_thread(say, seen[0], "postmaster@one.test") == 250
        assert await asyncio.to_thread(say, seen[0], "nobody@one.test") == 550
        assert await asyncio.to_thread(say, seen[0], "a@elsewhere.example") == 550
        signal.raise_signal(signal.SIGTERM)

    with state.locked(settings.state):  # as the command around us does
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(served.serve(settings, app_dsn, cluster=None, calls=calls(settings, ready)))
            group.create_task(visit())
    assert not (settings.state / "running.json").exists()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((seen[0].smtp_host, seen[0].smtp_port), 1)


@pytest.mark.parametrize("door", ["SMTP", "HTTP"])
async def test_a_port_in_use_is_named_with_its_setting(settings: Settings, app_dsn: str, door: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        taken = replace(settings, **{door.lower(): replace(getattr(settings, door.lower()), port=port)})
        with pytest.raises(HouseEndedError, match=f"{port} for {door}: .*GATEPOST_{door}__PORT"):
            await served.serve(taken, app_dsn, cluster=None, calls=calls(taken, never))


@pytest.mark.parametrize("door", ["smtp", "http"])
@pytest.mark.parametrize(
    ("certificate", "key"), [("chain.pem", ""), ("", "key.pem"), ("/nowhere/chain.pem", "/nowhere/key.pem")]
)
async def test_half_a_certificate_or_a_missing_one_ends_the_start(
    settings: Settings, app_dsn: str, certificate: str, key: str, door: str
) -> None:
    section = replace(getattr(settings, door), certificate=certificate, certificate_key=key)
    broken = replace(settings, **{door: section})
    with pytest.raises(HouseEndedError, match=rf"{door}\.certificate"):
        await served.serve(broken, app_dsn, cluster=None, calls=calls(broken, never))


async def test_plain_http_that_leaves_the_machine_ends_the_start_with_advice(settings: Settings, app_dsn: str) -> None:
    open_to_all = replace(settings, http=replace(settings.http, host="::"))
    with pytest.raises(HouseEndedError, match=r"plain HTTP on :: .* set http\.certificate"):
        await served.serve(open_to_all, app_dsn, cluster=None, calls=calls(open_to_all, never))


async def test_a_chore_that_does_not_end_is_named_and_called_off(capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[str] = []

    async def obedient(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("obedient")

    async def deaf() -> None:
        await asyncio.Event().wait()

    stop = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        chores = served.Chores(group)
        chores.start(obedient(stop))
        chores.start(deaf())
        stop.set()
        await chores.end(0.05)
    assert ended == ["obedient"]
    said = capsys.readouterr()
    assert "house.chore_called_off" in said.out + said.err
    assert "deaf" in said.out + said.err


def test_a_house_that_claims_nothing_imports_no_check_and_no_trust_page() -> None:
    code = "import json, sys, gatepost.app.serve; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    modules = set(json.loads(done.stdout))
    assert not modules & {
        "gatepost.trust.catalogue",
        "gatepost.doors.public.trust",
        "jinja2",
        "markdown_it",
        "typer",
        "mcp",
        "obstore",
    }
    assert len(modules) < 1550  # 1,524; with them some 170 more


async def test_one_house_at_a_time_serves_on_a_database(
    settings: Settings, app_dsn: str, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatepost.db.lease.PATIENCE_S", 0.1)
    other = Lease(app_dsn, Holder(host="other.example", folder="/srv", since="now"))
    await other.begin()
    before = sorted(settings.state.rglob("*"))
    with pytest.raises(HouseEndedError, match=r"other\.example"):
        await served.serve(settings, app_dsn, cluster=None, calls=calls(settings, never))
    assert sorted(settings.state.rglob("*")) == before
    with psycopg.connect(owner_dsn) as owner:
        assert owner.execute("select id from key_store").fetchall() == []  # the database is nobody's yet
    await other.end()
    async with up(settings_in(settings.state), app_dsn):
        with pytest.raises(HeldError, match=str(settings.state)):
            await other.begin()
    await other.begin()
    await other.end()


async def test_a_database_that_lets_nobody_in_or_has_no_schema_is_told_with_what_to_do(
    settings: Settings, app_dsn: str, database_name: str
) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r'no pg_hba\.conf entry .* "gatepost_b"'):
        await served.serve(settings, f"{app_dsn} user=gatepost_b", cluster=None, calls=calls(settings, never))
    bare = app_dsn.replace(f"dbname={database_name}", "dbname=postgres")
    with pytest.raises(MigrationError, match="run `gatepost migrate` first"):
        await served.serve(settings, bare, cluster=None, calls=calls(settings, never))


async def test_a_house_goes_on_where_its_lease_was_lost_and_ends_where_another_took_it(
    settings: Settings, app_dsn: str, owner_dsn: str, said: list[EventDict]
) -> None:
    holder = (
        "pg_locks join pg_stat_activity using (pid) where objsubid = 2 and datname = current_database() and granted"
    )
    end = f"select pg_terminate_backend(pid, 5000) from {holder}"  # noqa: S608  # of our own
    other = Holder(host="other.example", folder="/srv", since="now").spelled()

    async def take(_house: House, _running: Running) -> None:
        tasks.append(asyncio.ensure_future(lose_twice()))

    async def lose_twice() -> None:
        async with (
            await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner,
            await psycopg.AsyncConnection.connect(app_dsn, autocommit=True) as next_one,
        ):
            await owner.execute(end)
            while "lease.retaken" not in [line["event"] for line in said]:  # noqa: ASYNC110  # it tells the log alone
                await asyncio.sleep(0.01)
            waiting = asyncio.ensure_future(next_one.execute(other.replace(b"pg_try_advisory", b"pg_advisory")))
            while not await (await owner.execute("select from pg_locks where not granted")).fetchall():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await owner.execute(end)
            await waiting
            await asyncio.sleep(15)

    tasks: list[asyncio.Task[None]] = []
    async with asyncio.timeout(60):
        with pytest.RaisesGroup(pytest.RaisesExc(HouseEndedError, match=r"other\.example"), flatten_subgroups=True):
            await served.serve(settings, app_dsn, cluster=None, calls=calls(settings, take))
    tasks[0].cancel()
    await asyncio.wait(tasks)


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_database_that_becomes_read_only_ends_no_process_and_is_served_on_once_it_is_not(
    settings: Settings, app_dsn: str, owner_dsn: str, workers: int
) -> None:
    settings = replace(settings, smtp=replace(settings.smtp, workers=workers))
    found: asyncio.Future[tuple[House, Running]] = asyncio.get_running_loop().create_future()

    async def ready(house: House, running: Running) -> None:
        tenant = await add_tenant(house, name="one", plan="free")
        await add_domain(house, tenant.id, "one.test")
        found.set_result((house, running))

    async def until(running: Running, *, mail: int, health: int) -> None:
        async with asyncio.timeout(60):
            while (await said(running)) != (mail, health):  # noqa: ASYNC110  # from outside
                await asyncio.sleep(0.2)

    async def said(running: Running) -> tuple[int, int]:
        answered = await asyncio.to_thread(say, running, "postmaster@one.test")
        return answered, await asyncio.to_thread(status, running.base_url.removesuffix("/api") + "/health/ready")

    async def trouble() -> None:
        _, running = await found
        with psycopg.connect(owner_dsn, autocommit=True) as owner:
            for word, code, health in (("on", 451, 503), ("off", 250, 200)):
                owner.execute("set default_transaction_read_only = off")
                owner.execute(f"alter system set default_transaction_read_only = {word}")
                owner.execute("select pg_reload_conf()")
                await until(running, mail=code, health=health)
                if word == "on":  # what works beside the doors meets it too
                    log.error("a.fault", error=Raised.by(ZeroDivisionError()))
                    await asyncio.sleep(6)
            owner.execute("alter system reset default_transaction_read_only")
            owner.execute("select pg_reload_conf()")
        signal.raise_signal(signal.SIGTERM)

    with state.locked(settings.state):
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            group.create_task(served.serve(settings, app_dsn, cluster=None, calls=calls(settings, ready)))
            group.create_task(trouble())
