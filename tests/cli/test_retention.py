"""A real house forgets: a person, on request, to the last copy; and nobody who serves can become its superuser."""

import json
import re
import smtplib
import sqlite3
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.process import Process
from gatepost.app.build import clock
from gatepost.app.past import Past
from gatepost.app.sandbox import TRUSTED
from gatepost.cli import retention
from gatepost.keys import ErasedError, KeyStore
from traces import in_files, in_tables, traces_of

pytestmark = pytest.mark.timeout(300)

MESSAGE = f"From: {TRUSTED}\r\nSubject: zqsubject\r\nMessage-ID: <zqid@example.com>\r\n\r\nzqbody\r\n"
TRACES = traces_of(
    (TRUSTED, "zqsubject", "zqbody", "zqbody\r\n", "<zqid@example.com>", "zqid@example.com", TRUSTED.lower(), MESSAGE)
)


@pytest.fixture
def house() -> Iterator[Process]:
    with tempfile.TemporaryDirectory(prefix="gatepost-retention-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        up = Process(Path(folder), GATEPOST_SMTP__WORKERS="2")
        up.start()
        try:
            yield up
        finally:
            if up.up is not None and up.up.poll() is None:
                up.stop()


def said(house: Process, *arguments: str) -> str:
    done = house.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(house: Process, *arguments: str) -> Any:
    return json.loads(said(house, *arguments, "--json"))


def family(pid: int) -> list[int]:
    """Return a process and all that came of it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def no_serving_process_has_or_uses_a_superuser(house: Process) -> None:
    assert house.up is not None
    postgres = set(family(house.postgres()))
    serving = [pid for pid in family(house.up.pid) if pid not in postgres]
    assert len(serving) >= 3  # the house and two workers
    for pid in serving:
        assert b"gatepost_owner" not in Path(f"/proc/{pid}/environ").read_bytes()
    dsn = json.loads((house.state / "running.json").read_text())["dsn"]
    with psycopg.connect(dsn) as app:
        query = (
            "select usename, rolsuper or rolbypassrls or rolcreaterole from pg_stat_activity join pg_roles"
            " on rolname = usename where datname is not null"  # what a session does is shown to its own role alone
        )
        rows = app.execute(query).fetchall()
    assert set(rows) == {("gatepost_app", False), ("gatepost_accept", False), ("gatepost_keeper", False)}
    # Each open socket to PostgreSQL is one of those sessions: there is no other way in that somebody holds open.
    socket = next((house.state).glob("postgres-*/run/.s.PGSQL.*[0-9]"))
    held = [line for line in Path("/proc/net/unix").read_text().splitlines() if line.endswith(str(socket))]
    assert 1 < len(held) - 1 <= len(rows) + 2  # one listens; a connection may come or go between the two looks


def the_superuser_is_refused_whoever_asks(house: Process) -> None:
    dsn = json.loads((house.state / "running.json").read_text())["dsn"]
    for role in ("gatepost_owner", "gatepost_lookup", "postgres"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(dsn.replace("gatepost_app", role))


def the_running_servers_own_connection_removes_nothing(house: Process) -> None:
    dsn = json.loads((house.state / "running.json").read_text())["dsn"]
    with psycopg.connect(dsn, autocommit=True) as app:
        for table in ("entry", "opening", "decision_row", "consequence", "leaf", "checkpoint", "erasure"):
            for statement in (f"delete from {table}", f"truncate {table}", f"update {table} set tenant = ''"):  # noqa: S608  # above
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(statement.encode())
        query = "select count(*) from pg_class where relowner = any('{gatepost_app,gatepost_accept}'::regrole[])"
        assert app.execute(query).fetchone() == (0,)


def what_takes_mail_changes_no_table_there_is(house: Process) -> None:
    dsn = json.loads((house.state / "running.json").read_text())["dsn"]
    with psycopg.connect(dsn.replace("gatepost_app", "gatepost_accept"), autocommit=True) as accept:
        tables = [row[0] for row in accept.execute("select tablename from pg_tables where schemaname = 'public'")]
        assert len(tables) > 60
        for table in tables:
            for statement in (f"delete from {table}", f"truncate {table}", f"drop table {table}"):  # noqa: S608  # above
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    accept.execute(statement.encode())


def wrapped_keys(state: Path) -> list[bytes]:
    """Return persons' keys as they lie in the key store: wrapped."""
    with sqlite3.connect(state / "keys" / "keys.sqlite") as store:
        return [row[0] for row in store.execute("select wrapped from key where kind = 'subject'")]


def files_with(state: Path, octets: bytes) -> list[str]:
    return [str(path) for path in state.rglob("*") if path.is_file() and octets in path.read_bytes()]


def copied_openings(state: Path) -> list[tuple[str, str, bytes]]:
    """Return openings as they lie on the second store, sealed."""
    lines = [
        line
        for path in (state / "second").rglob("rows/**/*")
        if path.is_file()
        for line in path.read_text().splitlines()
    ]
    rows = [json.loads(line) for line in lines]
    return [
        (row["entry"]["tenant"], row["opening"]["ref"], b64decode(row["sealed"])) for row in rows if row["decision"]
    ]


def sent(house: Process) -> None:
    """Send the planted message, octet for octet."""
    up = json.loads((house.state / "running.json").read_text())
    with smtplib.SMTP(up["smtp_host"], up["smtp_port"], timeout=60) as client:
        client.sendmail(TRUSTED, [json.loads((house.state / "sandbox.json").read_text())["address"]], MESSAGE.encode())


def no_table_has_a_trace(house: Process) -> None:
    """Read every column of every table of the catalogue."""
    with psycopg.connect(house.owner_dsn()) as owner:
        owner.execute("checkpoint")
        found, filled = in_tables(TRACES, owner)
        assert found == []
        assert {"entry", "erasure", "decision_row", "export_destination", "pg_statistic"} <= filled


def an_erased_person_is_nowhere(house: Process) -> None:
    said(
        house, "export", "add", "otlp", "http://127.0.0.1:1", "-t", "sandbox"
    )  # what waits for it is a place in the log
    sent(house)
    said(house, "log", "verify")  # publishes, so that a copy lies on the second store
    before, copies = wrapped_keys(house.state), copied_openings(house.state)
    assert len(before) == len(copies) == 1
    assert files_with(house.state, before[0]), "the search finds nothing at all"
    (shown,) = told(house, "retention", "show")
    assert (shown["plan"], shown["days"], [*shown["mailboxes"].values()]) == ("sandbox", 2557, [30])
    hold = re.findall(r"lh_\w+", said(house, "legal-hold", "add", "Matter 7", "--person", TRUSTED))[0]
    refused = house.run("erase", TRUSTED, "--yes")
    assert (refused.returncode, "Matter 7" in refused.stderr) == (1, True)
    said(house, "legal-hold", "release", hold)
    (would,) = told(house, "erase", TRUSTED, "--dry-run")
    assert (would["messages"], would["openings"]) == (1, 3)  # one mail, and what was said of the hold
    (done,) = told(house, "erase", TRUSTED, "--yes", "--reason", "asked by letter")
    assert (done["messages"], done["openings"], done["keys"], done["waiting"]) == (1, 3, 1, 0)
    for action in ("person.erased", "hold.place", "hold.release"):
        assert told(house, "log", "search", "-t", "sandbox", "--action", action), action
    assert "sound" in said(house, "log", "verify")
    roll = house.state / "keys" / "erasures.jsonl"
    whole = roll.read_bytes()
    roll.write_bytes(b"")
    emptied = house.run("log", "verify").stdout
    assert emptied.startswith(f"erasure {done['request']}: the log has it, and the roll beside the keys"), emptied
    roll.write_bytes(whole)
    no_table_has_a_trace(house)
    assert house.stop() == 0  # a checkpoint of PostgreSQL's: what its log still holds is on its way out
    assert files_with(house.state, before[0]) == []
    taken = [path for path in house.state.rglob("*") if path.is_file() and path.name != "up.log"]  # which greets
    assert in_files(TRACES, taken) == []
    store = KeyStore.open(house.state / "keys", bytes)
    try:
        for tenant, ref, sealed in copies:
            with pytest.raises(ErasedError):
                store.vault(tenant).open(f"opening/{ref}", sealed)
    finally:
        store.close()


def an_operator_confirms_the_clock(house: Process) -> None:
    assert house.run("retention", "confirm-clock").returncode == 1, "nobody said yes"
    assert not told(house, "log", "search", "-t", "sandbox", "--action", "clock.confirm")
    assert said(house, "retention", "confirm-clock", "--yes").startswith("confirmed: 20")
    assert told(house, "log", "search", "-t", "sandbox", "--action", "clock.confirm")
    assert clock() - Past(house.state, clock)() < timedelta(minutes=2)


def test_a_real_house_forgets_and_only_its_keeper_can(house: Process) -> None:
    """One house for all of it, in this order: a start costs more than everything it is asked."""
    no_serving_process_has_or_uses_a_superuser(house)
    the_superuser_is_refused_whoever_asks(house)
    the_running_servers_own_connection_removes_nothing(house)
    what_takes_mail_changes_no_table_there_is(house)
    an_operator_confirms_the_clock(house)
    an_erased_person_is_nowhere(house)


@pytest.mark.parametrize("command", [("erase",), ("legal-hold",), ("retention",)])
def test_help_reads_well_and_needs_no_house(command: tuple[str, ...], tmp_path: Path) -> None:
    done = Process(tmp_path).run(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert command != ("erase",) or (retention.erase.__doc__ or "").splitlines()[0][:30] in done.stdout


def test_what_is_no_address_is_refused_before_a_house_is_asked(tmp_path: Path) -> None:
    done = Process(tmp_path).run("erase", "no address", "--yes")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
