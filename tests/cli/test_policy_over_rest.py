"""What ``gatepost policy`` says, REST says: the same documents, findings and numbers, verb by verb, on one house."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from typer.testing import CliRunner, Result

from cli.process import UP_WITHIN_S, Process
from gatepost.cli.frame import Refusal
from gatepost.cli.menu import app

pytestmark = pytest.mark.timeout(300)
TENANT = ("-t", "sandbox")
AUDIT = {"auditLog": {"retentionDays": 30}}
PLAIN: dict[str, Any] = {
    "defaultAction": "bounce",
    "senders": [{"match": {"domain": "example.com"}, "capabilities": ["reply"], "labels": ["known"]}],
    "contentGuards": [{"reject": "wire", "reason": "fraud", "action": "hold"}],
    "tests": [
        {
            "name": "it comes in",
            "mail": {"from": "you@example.com"},
            "expect": {"action": "deliver", "labels": ["known"]},
        },
        {"name": "it does not", "mail": {"from": "x@other.example"}, "expect": {"action": "hold"}},
    ],
    **AUDIT,
}
ODD: dict[str, Any] = {
    "defaultAction": "drop",
    "senders": [
        {"match": {"anyone": True, "assurance": "none"}, "capabilities": ["serch_mail", "launch_rocket"]},
        {"match": {"address": "you@example.com"}, "action": "reject", "rateLimit": {"perHour": 1}},
    ],
    "contentGuards": [{"reject": "/wire/i", "reason": "fraud"}],
    "outbound": {"toMachines": "deliver", "hold": {"then": "deliver"}},
    **AUDIT,
}
SHUT: dict[str, Any] = {"defaultAction": "bounce", "senders": [], **AUDIT}
DRAFTS = pytest.mark.parametrize("draft", [PLAIN, ODD, SHUT], ids=["plain", "odd", "shut"])
MAIL = {"from": "you@example.com", "text": "please wire it", "proof": "aligned"}


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["policy", *words])


class Both(NamedTuple):
    """A house with a mailbox, asked by commands and over REST."""

    house: Process
    client: httpx2.Client
    mailbox: str
    folder: Path

    def file(self, document: object, name: str = "draft.json") -> str:
        path = self.folder / name
        path.write_text(json.dumps(document))
        return str(path)

    def said(self, *words: str) -> Any:
        """Return the JSON a command says; one that needs no house is run here."""
        needs_house = TENANT[0] in words
        stdout = self.house.run("policy", *words, "--json").stdout if needs_house else run(*words, "--json").stdout
        return json.loads(stdout)

    def told(self, path: str, document: object, **query: str) -> Any:
        """Return the JSON a verb of REST answers."""
        answer = self.client.post(f"/v1/policy/{path}", json=document, params=query)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def both(apart: Process, tmp_path: Path) -> Iterator[Both]:
    sandbox = json.loads(apart.run("sandbox", "--json").stdout)
    key = apart.run("key", "add", "--role", "owner", *TENANT).stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=sandbox["base_url"], headers=headers, trust_env=False) as client:
        yield Both(apart, client, str(sandbox["mailbox_id"]), tmp_path)


@DRAFTS
def test_a_draft_is_checked_explained_and_tested_alike(both: Both, draft: dict[str, Any]) -> None:
    file, mail = both.file(draft), both.file(MAIL, "mail.json")
    assert both.said("check", file) == [both.told("check", draft)]
    assert both.said("explain", file) == [both.told("explain", draft)]
    assert both.said("explain", file, "--mail", mail) == [both.told("explain", {"policy": draft, "mail": MAIL})]
    beside = [{"name": "beside", "mail": MAIL, "expect": {"reason": "sender.unmatched", "rule": 3}}]
    rows = both.said("test", file, both.file(beside, "tests.json"))
    tried = both.told("test", {"policy": draft, "tests": beside})
    assert [(each["test"], each["result"] == "passed", each["why"]) for each in rows] == [
        (each["name"], each["passed"], "; ".join(each["faults"])) for each in tried["items"]
    ]
    assert tried["failed"] == sum(each["result"] == "failed" for each in rows) > 0


@DRAFTS
def test_a_draft_is_linted_and_compared_alike(both: Both, draft: dict[str, Any]) -> None:
    file, other, here = both.file(draft), both.file(SHUT, "other.json"), both.mailbox
    assert both.said("lint", file) == both.told("lint", draft)["items"]
    assert both.said("lint", file, "-m", here, *TENANT) == both.told("lint", draft, mailbox=here)["items"]
    assert both.said("diff", file, other) == [both.told("diff", {"policy": draft, "other": SHUT})]
    assert both.said("diff", file, "-m", here, *TENANT) == [both.told("diff", draft, mailbox=here)]
    wide = {"tenant_wide": "true"}
    assert both.said("lint", file, "--tenant-wide") == both.told("lint", draft, **wide)["items"]
    assert both.said("explain", file, "--tenant-wide") == [both.told("explain", draft, **wide)]


@pytest.mark.parametrize(
    "broken",
    [
        {**SHUT, "sender": []},
        {**SHUT, "defaultAction": "reject", "senders": [{"match": {"address": "*@a.example"}, "action": "block"}]},
        {
            **SHUT,
            "contentGuards": [
                {"reject": "(?=a)", "reason": "r"},
                {"reject": "x(?:ab|c)*c(?:ab|c){30}y", "reason": "r"},
            ],
        },
        {**SHUT, "tests": [{"name": "a", "mail": {"form": "a@b.example"}, "expect": {}}]},
        [],
    ],
)
def test_a_draft_is_refused_alike(both: Both, broken: object) -> None:
    for verb in ("check", "explain", "test", "lint"):
        done = run(verb, both.file(broken)).exception
        answer = both.client.post(f"/v1/policy/{verb}", json=broken)
        assert isinstance(done, Refusal)
        assert answer.status_code == 422
        assert [line.strip() for line in str(done).splitlines()[1:]] == answer.json()["errors"]


def test_past_mail_is_judged_alike(both: Both) -> None:
    both.house.run("send", "--from", "you@example.com")
    (told,) = both.said("replay", both.mailbox, both.file(SHUT), "--days", "2", *TENANT)
    started = both.client.post("/v1/policy/replays", json=SHUT, params={"mailbox": both.mailbox, "days": "2"})
    assert started.status_code == 202, started.text
    deadline = time.monotonic() + UP_WITHIN_S
    while (shown := both.client.get(f"/v1/policy/replays/{started.json()['id']}").json())["state"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert list(told["counts"].values()) == list(shown["counts"].values())
    assert [(each["entry"], each["message"], each["from"]) for each in told["changed"]] == [
        (each["entry"], each["messageId"], each["author"]) for each in shown["changes"]
    ]
    for row, each in zip(told["changed"], shown["changes"], strict=True):
        assert row["was"].startswith(f"{each['was']}: {each['wasReason']}")
        assert row["would be"].startswith(f"{each['wouldBe']}: {each['wouldBeReason']}")
    assert told["changed"]


def test_versions_are_listed_and_gone_back_to_alike(both: Both) -> None:
    both.house.run("policy", "set", both.mailbox, both.file(PLAIN), "--why", "one", *TENANT)
    both.house.run("policy", "set", both.mailbox, both.file(SHUT), "--why", "two", *TENANT)
    where = f"/v1/mailboxes/{both.mailbox}/policy/versions"

    def compared() -> list[Any]:
        rows = both.said("history", both.mailbox, *TENANT)
        listed = both.client.get(where).json()["items"]
        signed = {"yes": "genuine", "FORGED": "forged"}
        assert [
            (each["version"], each["by"], each["why"], each["digest"], signed[each["signed"]]) for each in rows
        ] == [(each["version"], each["by"], each["why"], each["digest"], each["signature"]) for each in listed]
        return list(rows)

    before = compared()
    back = str(before[1]["version"])
    said = both.house.run("policy", "rollback", both.mailbox, back, *TENANT).stdout
    made = both.client.post(f"{where}/{back}/rollback").json()
    after = compared()
    assert said.startswith(f"version {after[1]['version']} is in force, the same as version {back}")
    assert (made["version"], after[0]["digest"]) == (after[0]["version"], before[1]["digest"])
    none = both.house.run("policy", "rollback", both.mailbox, "999", *TENANT)
    assert (none.returncode, both.client.post(f"{where}/999/rollback").status_code) == (1, 404)
