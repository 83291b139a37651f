"""``gatepost policy history`` and ``rollback``."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.process import Process
from gatepost.cli.frame import Refusal
from gatepost.cli.menu import app

pytestmark = pytest.mark.timeout(300)


def test_one_command_goes_back_and_the_history_says_who_and_why(house: Process, tmp_path: Path) -> None:
    draft = tmp_path / "draft.json"
    shut = {"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": 1}}
    draft.write_text(json.dumps(shut))
    for days in (1, 2):
        draft.write_text(json.dumps({**shut, "auditLog": {"retentionDays": days}}))
        assert house.run("policy", "set", "0", str(draft), "-t", "sandbox", "--why", f"try {days}").returncode == 0
    try:
        said = house.run("policy", "rollback", "0", "1", "-t", "sandbox").stdout
        assert said.startswith("version 3 is in force, the same as version 1, digest ")
        told = json.loads(house.run("policy", "history", "0", "-t", "sandbox", "--json").stdout)
        assert [(each["version"], each["by"], each["signed"], each["why"]) for each in told] == [
            (3, "operator", "yes", "back to version 1"),
            (2, "operator", "yes", "try 2"),
            (1, "operator", "yes", "try 1"),
        ]
        assert told[0]["digest"] == told[2]["digest"]
        unknown = house.run("policy", "rollback", "0", "9", "-t", "sandbox")
        assert unknown.stderr.strip() == "gatepost: there is no version 9: gatepost policy history 0"
    finally:
        everything = {"match": {"anyone": True, "assurance": "none"}, "capabilities": ["*"]}
        draft.write_text(json.dumps({**shut, "senders": [everything]}))
        house.run("policy", "set", "0", str(draft), "-t", "sandbox")


@pytest.mark.parametrize("why", ["two\nlines", "x" * 501])
@pytest.mark.parametrize("words", [["rollback", "0", "1"], ["set", "0", "none.json"]], ids=lambda words: words[0])
def test_a_reason_that_cannot_stand_is_no_fault_of_the_version_or_the_file(words: list[str], why: str) -> None:
    done = CliRunner().invoke(app, ["policy", *words, "--why", why])
    assert isinstance(done.exception, Refusal)
    assert str(done.exception) == "--why must be at most 500 characters without controls"
