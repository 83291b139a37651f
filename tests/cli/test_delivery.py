"""What waits to leave, from the command line of a real house."""

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)
POLICY = {
    "defaultAction": "bounce",
    "senders": [],
    "onItsOwn": ["send_external"],
    "outbound": {"recipients": {"domains": ["else.example", "other.example"]}},
    "auditLog": {"retentionDays": 30},
}


def _listed(apart: Process, *more: str) -> list[dict[str, Any]]:
    done = apart.run("delivery", "list", "--json", *more)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.2)


def _write(sandbox: dict[str, Any], to: str) -> None:
    request = urllib.request.Request(  # noqa: S310  # our own house
        f"{sandbox['base_url']}/v1/mailboxes/{sandbox['mailbox_id']}/messages",
        json.dumps({"to": [to], "subject": "zqsubject", "text_body": "zqbody"}).encode(),
        {"Authorization": f"Bearer {sandbox['agent_key']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
        assert json.load(answer)["status"] == "queued"


def test_what_waits_to_leave_is_seen_tried_at_once_and_given_up(apart: Process, tmp_path: Path) -> None:
    assert apart.run("delivery", "list").stdout == "nothing waits to leave\n"
    sandbox = json.loads(apart.run("sandbox", "--json").stdout)
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    done = apart.run("policy", "set", str(sandbox["mailbox_id"]), str(path))
    assert done.returncode == 0, done.stderr
    for to in ("ann@else.example", "bob@other.example", "cid@other.example"):
        _write(sandbox, to)
    _until(lambda: [row["why"] for row in _listed(apart)] == ["route.dns_failed"] * 3)  # nobody answers here
    [ann, bob, cid] = _listed(apart)
    assert (ann["destination"], bob["destination"], ann["attempts"]) == ("else.example", "other.example", 1)
    assert [row["delivery"] for row in _listed(apart, "-d", "OTHER.example")] == [bob["delivery"], cid["delivery"]]
    rows = json.loads(apart.run("delivery", "destinations", "--json").stdout)
    assert [(row["destination"], row["waiting"]) for row in rows] == [("other.example", 2), ("else.example", 1)]
    everything = [apart.run("delivery", *words).stdout for words in (("list",), ("show", ann["delivery"], "--json"))]
    assert "ann@else.example" not in everything[0]
    assert json.loads(everything[1])[0]["to"] == "ann@else.example"
    assert not any("zq" in each for each in everything)

    assert apart.run("delivery", "retry", "-d", "other.example").stdout == "2 due now\n"
    _until(lambda: [row["attempts"] for row in _listed(apart)] == [1, 2, 2])
    assert apart.run("delivery", "giveup", ann["delivery"]).stdout == "given up; its mailbox gets a report\n"
    assert len(_listed(apart)) == 2
    _until(lambda: "Not delivered" in apart.run("mail", "list", "--mailbox", str(sandbox["mailbox_id"])).stdout)
    for action, count in (("delivery.retry", 2), ("delivery.giveup", 1)):
        assert len(json.loads(apart.run("log", "search", "--action", action, "--json").stdout)) == count

    for words, said in (
        (("giveup", ann["delivery"]), "does not wait to leave"),
        (("show", "su_none"), "does not wait to leave"),
        (("retry",), "name one message"),
        (("retry", "-d", "nobody.example"), "nothing of that waits"),
        (("list", "-d", "not a domain"), "is no domain"),
        (("list", "-t", "nobody"), "no tenant has that name"),
    ):
        refused = apart.run("delivery", *words)
        assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
