"""A real house exports to a real receiver, and the receiver's own export is held to the log."""

import json
import time
from pathlib import Path

import pytest

from cli.process import Process
from gatepost.cli import export
from upkeep.siem.receivers import SplunkDouble, receiving

pytestmark = pytest.mark.timeout(300)


def test_a_house_exports_its_log_and_a_gap_in_the_siem_is_named(house: Process, tmp_path: Path) -> None:
    double = SplunkDouble()
    secret = tmp_path / "token"
    secret.write_text("secret\n")
    with receiving(double):
        added = house.run("export", "add", "splunk", double.url, "--credential-file", str(secret), "-t", "sandbox")
        assert added.returncode == 0, added.stderr
        identifier = added.stdout.partition(":")[0]
        deadline = time.monotonic() + 30
        while (found := status(house, identifier))["lag"] or found["exported_through"] is None:
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        # The trial house opens loopback for itself; a command beside it goes by the settings alone.
        beside = Process(house.state, GATEPOST_EGRESS__ALLOW_PRIVATE="127.0.0.0/8")
        tried = beside.run("export", "test", identifier, "-t", "sandbox")
        assert (tried.returncode, tried.stdout.strip()) == (0, "taken"), tried.stderr
        assert "will be tried again" in house.run("export", "replay", identifier, "-t", "sandbox").stdout
        listed = json.loads(house.run("export", "list", "-t", "sandbox", "--json").stdout)
        assert identifier in {each["id"] for each in listed}
        assert set(export.COLUMNS) <= set(listed[0])
        assert house.run("export", "remove", identifier, "-t", "sandbox").returncode == 0
    events = [each["fields"] for each in double.indexed]
    through = str(found["exported_through"])
    whole, gap = tmp_path / "whole.ndjson", tmp_path / "gap.ndjson"
    whole.write_text("\n".join(json.dumps(each) for each in events))
    gap.write_text("\n".join(json.dumps(each) for each in events if each["leaf_index"] != 1))
    sound = house.run("log", "compare", str(whole), "--through", through, "-t", "sandbox")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    lacking = house.run("log", "compare", str(gap), "--through", through, "-t", "sandbox")
    assert lacking.returncode == 1
    assert "missing: 1\n" in lacking.stdout


def status(house: Process, identifier: str) -> dict[str, object]:
    told = house.run("export", "status", identifier, "-t", "sandbox", "--json")
    [found] = json.loads(told.stdout)
    return dict(found)


def test_what_is_not_there_is_one_sentence(house: Process) -> None:
    told = house.run("export", "status", "ex_none", "-t", "sandbox")
    assert told.returncode == 1
    assert "no destination" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_credential_is_changed_and_the_export_goes_on_where_it_was(house: Process, tmp_path: Path) -> None:
    """Only a removal could, on the command line: a new destination then sent everything once more, or lost some."""
    double = SplunkDouble()
    secret = tmp_path / "token"
    secret.write_text("secret\n")
    with receiving(double):
        added = house.run("export", "add", "splunk", double.url, "--credential-file", str(secret), "-t", "sandbox")
        identifier = added.stdout.partition(":")[0]
        await_(house, identifier, is_stopped=False)
        double.token = "another"
        house.run("log", "list", str(tmp_path / "list"), "-t", "sandbox")  # which is an entry
        assert await_(house, identifier, is_stopped=True)["state"] == "stopped: splunk.4"
        nothing = house.run("export", "change", identifier, "-t", "sandbox")
        assert (nothing.returncode, nothing.stderr) == (1, "gatepost: say what shall be another\n")
        secret.write_text("another\n")
        changed = house.run("export", "change", identifier, "--credential-file", str(secret), "-t", "sandbox")
        assert changed.returncode == 0, changed.stderr
        await_(house, identifier, is_stopped=False)
        assert double.places() == list(range(len(double.places())))
        away = house.run("export", "change", "ex_none", "--format", "ecs", "-t", "sandbox")
        assert "no destination" in away.stderr
        assert house.run("export", "remove", identifier, "-t", "sandbox").returncode == 0


def await_(house: Process, identifier: str, *, is_stopped: bool) -> dict[str, object]:
    """Wait until a destination has stopped, or has everything."""
    deadline = time.monotonic() + 30
    while True:
        found = status(house, identifier)
        if is_stopped == str(found["state"]).startswith("stopped") and (is_stopped or not found["lag"]):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
