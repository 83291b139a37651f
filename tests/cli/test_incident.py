import json

from cli.process import Process


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
    when = ("--begins", "2026-12-01T02:00:00", "--ends", "2026-12-01T03:00:00")
    planned = house.run("incident", "plan", "New disks", "-b", "An hour.", *when)
    assert planned.returncode == 0
    stated = house.run("log", "search", "-t", "trust", "--action", "incident.opened", "--json").stdout
    assert planned.stdout.strip() in stated
    assert house.run("incident", "plan", "New disks", "-b", "An hour.", *when[2:], "--begins", "2027-01-01").returncode


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
