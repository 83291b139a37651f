"""``gatepost policy replay``: the words and the exit status."""

import json
from pathlib import Path

import pytest

from cli.process import Process
from gatepost.cli.policy_replay import print_summary
from gatepost.decide.trial import Change
from gatepost.workbench.draft import Kind, Trial

pytestmark = pytest.mark.timeout(300)


def test_a_draft_is_tried_on_what_came(house: Process, tmp_path: Path) -> None:
    house.run("send", "--from", "you@example.com")
    mailbox = str(json.loads(house.run("sandbox", "--json").stdout)["mailbox_id"])
    draft = tmp_path / "draft.json"
    shut = {"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": 1}}
    draft.write_text(json.dumps(shut))
    done = house.run("policy", "replay", mailbox, str(draft), "--days", "2", "-t", "sandbox")
    assert done.returncode == 1, done.stderr
    assert "reject: sender.unmatched" in done.stdout
    assert "you@example.com" in done.stdout
    assert "deliver: rule.matched, senders[0]" in done.stdout
    assert "changed" in done.stdout.splitlines()[-1]
    (told,) = json.loads(house.run("policy", "replay", mailbox, str(draft), "-t", "sandbox", "--json").stdout)
    assert told["counts"]["changed"] == len(told["changed"]) > 0
    assert {(each["was"], each["would be"]) for each in told["kinds"]} >= {
        ("deliver: rule.matched, senders[0]", "reject: sender.unmatched")
    }
    assert sum(each["decisions"] for each in told["kinds"]) == told["counts"]["changed"]
    assert {"entry", "message", "received", "way", "from", "was", "would be", "subject"} == set(told["changed"][0])


def test_what_is_not_listed_is_said_and_what_the_rows_come_to(capsys: pytest.CaptureFixture[str]) -> None:
    held, refused = ("hold", "rule.held", "senders[0]"), ("reject", "sender.unmatched", "")
    kinds = {Kind(("deliver", "rule.matched", "senders[1]"), held): 2, Kind(held, refused): 1_500}
    print_summary(Trial(dict.fromkeys(Change, 0), kinds, ()))
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "... and 1502 more, later ones: --json lists all"
    assert [line.split("  ")[0].strip() for line in said[3:5]] == ["1500", "2"]
    assert "reject: sender.unmatched" in said[3]
