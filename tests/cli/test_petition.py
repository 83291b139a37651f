"""What agents ask for, ruled on from the command line of a real house."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)
POLICY = {
    "defaultAction": "bounce",
    "senders": [],
    "onItsOwn": ["propose_sender"],
    "auditLog": {"retentionDays": 30},
}


def test_an_agent_asks_and_the_operator_answers(apart: Process, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = apart.run(*arguments, "-t", "asks")
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert apart.run("tenant", "add", "asks").returncode == 0
    run("domain", "add", "asks.test")
    run("mailbox", "add", "help@asks.test")
    boxes = json.loads(run("mailbox", "list", "--json"))
    box = str(next(each["id"] for each in boxes if each["address"] == "help@asks.test"))
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    run("policy", "set", box, str(path))
    key = run("key", "add", "--role", "agent", "--label", "agent", "--mailbox", box).strip()
    headers = {"Authorization": f"Bearer {key}"}
    base_url = json.loads(apart.run("sandbox", "--json").stdout)["base_url"]
    place = f"{base_url}/v1/mailboxes/{box}/petitions/sender"
    for name in ("ann", "bob"):
        body = {"address": f"{name}@customer.example", "why": "They \x1b[31m order."}
        answer = httpx2.post(place, json=body, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
    second, first = (row["petition"] for row in json.loads(run("petition", "list", box, "--json")))
    shown = run("petition", "show", first)
    assert "\x1b" not in shown
    [digest] = re.findall(r"digest: +([0-9a-f]{64})", shown)
    wrong = apart.run("petition", "approve", first, "--digest", "0" * 64, "-t", "asks")
    assert (wrong.returncode, "not what you saw" in wrong.stderr) == (1, True)
    assert "version 2 of the policy is in force" in run("petition", "approve", first, "--digest", digest)
    assert "denied" in run("petition", "deny", second)
    assert "it was denied" in apart.run("petition", "deny", second, "-t", "asks").stderr
    assert apart.run("petition", "show", "pt_none", "-t", "asks").returncode == 1
    assert "operator" in run("policy", "history", box)
    for action in ("petition.approve", "petition.deny"):
        assert json.loads(run("log", "search", "--action", action, "--json")), action
    assert [rule["match"] for rule in json.loads(run("policy", "show", box))["senders"]] == [
        {"address": "ann@customer.example"}
    ]
