"""``gatepost policy proposals``, ``approve`` and ``refuse``: one proposes over REST, the operator rules."""

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.process import UP_WITHIN_S, Process

pytestmark = pytest.mark.timeout(300)
SHUT: dict[str, Any] = {"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": 30}}
WIDER = {**SHUT, "senders": [{"match": {"domain": "new.example"}}]}


def test_what_lets_in_more_waits_until_a_second_person_says_yes(apart: Process, tmp_path: Path) -> None:
    draft = tmp_path / "policy.json"
    draft.write_text(json.dumps(SHUT))
    tenant = ("-t", "careful")
    assert apart.run("tenant", "add", "careful").returncode == 0
    assert apart.run("policy", "set", "0", str(draft), *tenant).returncode == 0
    assert "needs a second person" in apart.run("tenant", "second-person", "careful").stdout
    assert "wants a second person" in apart.run("mailbox", "promote", "1", *tenant).stderr
    key = apart.run("key", "add", "--role", "owner", *tenant).stdout.strip()
    base = json.loads(apart.run("sandbox", "--json").stdout)["base_url"]
    with httpx2.Client(headers={"Authorization": f"Bearer {key}"}, trust_env=False) as client:
        made = client.put(f"{base}/v1/policy", json=WIDER)
        assert made.status_code == 202, made.text
        where = made.headers["location"].removeprefix("/api")
        deadline = time.monotonic() + UP_WITHIN_S
        while client.get(f"{base}{where}").json()["replay"]["state"] != "done":  # the running house judges it
            assert time.monotonic() < deadline
            time.sleep(0.2)
        (row,) = json.loads(apart.run("policy", "proposals", *tenant, "--json").stdout)
        assert (row["proposal"], row["verdict"], row["outdated"]) == (made.json()["id"], "wider", "")
        whole = json.loads(apart.run("policy", "proposals", row["proposal"], *tenant).stdout)
        assert (whole["policy"], whole["replay"]["state"]) == (WIDER, "done")
        assert [(each["path"], each["before"]) for each in whole["changes"]] == [("senders[0]", "")]
        wrong = apart.run("policy", "approve", row["proposal"], "--digest", "0" * 64, *tenant)
        assert (wrong.returncode, "not what you saw" in wrong.stderr) == (1, True)
        done = apart.run("policy", "approve", row["proposal"], "--digest", whole["digest"], *tenant)
        assert done.stdout.strip() == "version 2 is in force", done.stderr
        assert client.get(f"{base}/v1/policy").json()["policy"] == WIDER
    assert "ruled on it already" in apart.run("policy", "refuse", row["proposal"], *tenant).stderr
    draft.write_text(json.dumps({**WIDER, "senders": [{"match": {"anyone": True}}]}))
    own = apart.run("policy", "set", "0", str(draft), *tenant).stdout
    assert "waits for a second person (wider: " in own
    (mine,) = json.loads(apart.run("policy", "proposals", *tenant, "--json").stdout)
    refused = apart.run("policy", "approve", mine["proposal"], "--digest", mine["digest"], *tenant)
    assert "another person must approve it" in refused.stderr
    assert apart.run("policy", "refuse", mine["proposal"], *tenant).stdout.strip() == "refused"
    assert "no second person" in apart.run("tenant", "second-person", "careful", "--off").stdout
    assert apart.run("policy", "set", "0", str(draft), *tenant).stdout.startswith("version 3 is in force")
