import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from cli.process import Process
from trust.scene import EXAMPLE

VERIFY = Path(__file__).parents[2] / "tools" / "verify_log.py"


def test_an_incident_is_opened_known_told_and_its_clocks_run(house: Process) -> None:
    opened = house.run(
        "incident", "open", "Mail is late", "-b", "We are looking.", "--kind", "breach", "-p", "smtp", "--aware"
    )
    assert opened.returncode == 0, opened.stderr
    identifier = opened.stdout.strip()
    rows = {row["step"]: row for row in json.loads(house.run("incident", "clocks", identifier, "--json").stdout)}
    assert rows["gdpr.authority"]["state"] == "running"
    assert rows["nis2.final"]["state"] == "waiting"
    assert house.run("incident", "mark", identifier, "nis2.notification").returncode == 0
    rows = {row["step"]: row for row in json.loads(house.run("incident", "clocks", identifier, "--json").stdout)}
    assert (rows["nis2.notification"]["state"], rows["nis2.final"]["state"]) == ("met", "running")
    again = house.run("incident", "mark", identifier, "aware")
    assert again.returncode != 0
    assert "stays as it was" in again.stderr
    assert house.run("incident", "update", identifier, "resolved", "-b", "Over.").returncode == 0
    listed = json.loads(house.run("incident", "list", "--json").stdout)
    assert next(row for row in listed if row["id"] == identifier)["status"] == "resolved"
    for action in ("incident.opened", "incident.marked", "incident.updated"):
        assert identifier in house.run("log", "search", "-t", "trust", "--action", action, "--json").stdout, action


def test_maintenance_is_planned_with_its_window(house: Process) -> None:
    when = ("--begins", "2099-12-01T02:00:00", "--ends", "2099-12-01T03:00:00")
    planned = house.run("incident", "plan", "New disks", "-b", "An hour.", *when)
    assert planned.returncode == 0
    stated = house.run("log", "search", "-t", "trust", "--action", "incident.opened", "--json").stdout
    assert planned.stdout.strip() in stated
    assert house.run("incident", "plan", "New disks", "-b", "An hour.", *when[2:], "--begins", "2100-01-01").returncode


def test_maintenance_that_would_be_over_is_not_announced(house: Process) -> None:
    when = ("--begins", "2026-10-01T02:00:00+02:00", "--ends", "2026-10-01T03:00:00+02:00")
    done = house.run("incident", "plan", "Last month", "-b", "An hour.", *when)
    assert done.returncode == 1
    assert "it would have ended at 2026-10-01 01:00 UTC" in done.stderr
    assert "Last month" not in house.run("incident", "list").stdout


def test_what_is_unknown_is_said_in_one_sentence(house: Process) -> None:
    done = house.run("incident", "clocks", "in_none")
    assert done.returncode != 0
    assert "no such incident" in done.stderr


def test_whom_a_window_concerns_is_counted_and_nobody_is_named(house: Process) -> None:
    house.run("send", "--from", "you@example.com")
    window = ("--since", "2020-01-01T00:00:00", "--until", "2999-01-01T00:00:00")
    done = house.run("incident", "affected", *window, "--own", "--json")
    assert done.returncode == 0, done.stderr
    assert any(row["messages"] and row["people"] for row in json.loads(done.stdout))
    assert "example.com" not in done.stdout
    assert "no entry of a customer" in house.run("incident", "affected", *window).stdout


def test_an_alert_nobody_raised_cannot_be_acknowledged_and_no_draft_waits(house: Process) -> None:
    assert "no open alert" in house.run("incident", "acknowledge", "al_none", "--by", "member 2").stderr
    assert house.run("incident", "alerts").returncode == 0
    assert house.run("incident", "secret").stdout.startswith("whsec_")
    beside = Process(house.state, GATEPOST_TRUST__OPERATOR=str(EXAMPLE))
    assert "none" in beside.run("incident", "drafts").stdout
    assert "no draft" in beside.run("incident", "post", "1-blog", "--by", "member 2").stderr


def test_a_tenant_gets_its_pack_and_the_tool_verifies_it(house: Process, tmp_path: Path) -> None:
    house.run("send", "--from", "you@example.com", "--text", "For the pack.")
    identifier = house.run("incident", "open", "A leak", "-b", "We look.", "--kind", "breach", "--aware").stdout.strip()
    tenant = json.loads(house.run("tenant", "list", "--json").stdout)[0]["id"]
    window = ("--since", "2020-01-01T00:00:00", "--until", "2999-01-01T00:00:00")
    archive = tmp_path / "pack.zip"
    done = house.run("incident", "pack", identifier, tenant, *window, "--out", str(archive))
    deadline = time.monotonic() + 30
    while done.returncode != 0 and "wait" in done.stderr and time.monotonic() < deadline:
        time.sleep(0.5)
        done = house.run("incident", "pack", identifier, tenant, *window, "--out", str(archive))
    assert done.returncode == 0, done.stderr
    assert archive.stat().st_mode & 0o777 == 0o600
    folder = tmp_path / "pack"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    notice = json.loads((folder / "notice.json").read_text())
    assert notice["messages"]
    assert "aware" in notice["awareness_and_steps"]
    key = tmp_path / "key"
    key.write_text(house.run("log", "vkey", "--tenant", tenant).stdout)
    checked = subprocess.run(  # noqa: S603  # our own tool
        [sys.executable, str(VERIFY), str(folder), "--vkey", str(key)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{notice['entries']} proofs" in checked.stdout
    taken = house.run("log", "search", "-t", tenant, "--action", "record.export", "--json")
    assert [row for row in json.loads(taken.stdout) if "pack" in str(row)], "its tenant sees that it was taken"
    again = house.run("incident", "pack", identifier, tenant, *window, "--out", str(archive))
    assert "cannot write" in again.stderr
    empty = house.run("incident", "pack", identifier, tenant, *window[:3], "2020-01-02T00:00:00", "--out", "x.zip")
    assert "no entry" in empty.stderr
