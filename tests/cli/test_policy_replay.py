"""``gatepost policy replay``: the words and the exit status."""

import json
from pathlib import Path

import pytest

from cli.process import Process

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
    assert {"entry", "message", "received", "way", "from", "was", "would be", "subject"} == set(told["changed"][0])
