"""``gatepost policy``: what each command of the workbench says, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.process import Process
from cli.test_explain import HELO, SENDER, name_server, signed
from gatepost.cli.frame import Refusal
from gatepost.cli.menu import app

runner = CliRunner()
NARROW: dict[str, Any] = {
    "defaultAction": "bounce",
    "senders": [{"match": {"address": "boss@example.com"}}],
    "auditLog": {"retentionDays": 30},
}


def run(*arguments: object) -> Result:
    return runner.invoke(app, ["policy", *map(str, arguments)])


def file(folder: Path, document: dict[str, Any], name: str = "draft.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def refusal(done: Result) -> str:
    assert isinstance(done.exception, Refusal), done.output
    return str(done.exception)


def test_a_template_is_listed_written_once_and_passes_its_tests(tmp_path: Path) -> None:
    assert "quarantine" in run("new").stdout
    path = tmp_path / "mine.yaml"
    assert "next: gatepost policy test" in run("new", path, "--template", "support").stdout
    assert "cannot write" in refusal(run("new", path, "--template", "support"))
    assert "choose one of assistant" in refusal(run("new", "--template", "nothing"))
    assert run("new", "--template", "support").stdout == path.read_text()
    done = run("test", path)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "8 of 8 passed")
    assert (run("lint", path).exit_code, run("lint", path).stdout.strip()) == (0, "nothing to remark")


def test_faults_are_told_with_their_place(tmp_path: Path) -> None:
    assert run("check", file(tmp_path, NARROW)).stdout.startswith("a policy of 1 rule and 0 guards, digest ")
    said = refusal(run("check", file(tmp_path, {**NARROW, "sender": []})))
    assert "sender is not a field; the nearest is senders" in said
    assert "cannot read" in refusal(run("check", tmp_path / "none.json"))
    slip = {**NARROW, "senders": [{"match": {"anyone": True}, "capabilities": ["serch_mail", "launch_rocket"]}]}
    assert run("check", file(tmp_path, slip)).stderr.splitlines() == [
        "warning: unknown_capability:serch_mail, the nearest is search_mail",
        "warning: unknown_capability:launch_rocket",
    ]


def test_faults_are_told_as_json_where_that_is_asked_for(tmp_path: Path) -> None:
    done = run("check", file(tmp_path, {**NARROW, "sender": []}), "--json")
    (told,) = json.loads(done.stdout)
    assert (done.exit_code, told["errors"]) == (1, ["sender is not a field; the nearest is senders"])
    assert told["faults"] == [
        {"path": "sender", "reason": "is not a field; the nearest is senders", "nearest": "senders"}
    ]
    broken = tmp_path / "broken.json"
    broken.write_text('{"defaultAction": ')
    (told,) = json.loads(run("check", broken, "--json").stdout)
    assert told["errors"][0].startswith("line 1: ")


def test_a_draft_is_read_from_standard_input() -> None:
    done = CliRunner().invoke(app, ["policy", "check", "-"], input=json.dumps(NARROW))
    assert done.stdout.startswith("a policy of 1 rule and 0 guards, digest ")
    assert "standard input is not a policy" in refusal(CliRunner().invoke(app, ["policy", "check", "-"], input="{}"))


def test_a_test_that_fails_says_what_came_and_ends_with_1(tmp_path: Path) -> None:
    draft = file(tmp_path, NARROW)
    assert "has no tests" in refusal(run("test", draft))
    tests = [
        {
            "name": "it waits " + "long " * 30 + "for it",
            "mail": {"from": "boss@example.com"},
            "expect": {"action": "hold"},
        }
    ]
    beside = tmp_path / "tests.json"
    beside.write_text(json.dumps(tests))
    done = run("test", draft, beside)
    assert done.exit_code == 1
    assert "for it: action: hold was expected, deliver came\n" in done.stdout, "a pipe is not folded"
    assert "\x1b" not in done.stdout, "colours only on a terminal"
    assert json.loads(run("test", draft, beside, "--json").stdout)[0]["result"] == "failed"


def test_a_policy_and_what_becomes_of_one_mail_are_explained(tmp_path: Path) -> None:
    draft = file(tmp_path, NARROW)
    assert "senders[0]: mail of boss@example.com, proven" in run("explain", draft).stdout
    mail = file(tmp_path, {"from": "boss@example.com", "proof": "none"}, "mail.json")
    said = run("explain", draft, "--mail", mail).stdout
    assert said.startswith("reject: sender.unproven")
    assert "aligned fail" in said


def test_a_real_message_is_verified_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guards = [{"reject": "minutes", "reason": "minutes", "action": "hold"}]
    partner = {"match": {"domain": "partner.example", "assurance": "dmarc"}}
    draft = file(tmp_path, {**NARROW, "senders": [partner], "contentGuards": guards})
    message = tmp_path / "m.eml"
    message.write_bytes(signed("agent@ours.example"))
    monkeypatch.setenv("GATEPOST_STATE", str(tmp_path / "none"))
    with name_server() as server:
        monkeypatch.setenv("GATEPOST_DNS__SERVERS", server)
        said = run("explain", draft, "--message", message).stdout
        assert said.startswith("hold: content.guard (minutes)\n")
        assert "dmarc pass" in said
        message.write_bytes(message.read_bytes().replace(b"minutes are", b"minutes ar3"))
        assert run("explain", draft, "--message", message).stdout.startswith("reject: sender.unproven")
        came = ("--client-ip", "127.0.0.1", "--helo", HELO, "--mail-from", SENDER)
        assert run("explain", draft, "--message", message, *came).stdout.startswith("hold: content.guard")
    assert "not both" in refusal(run("explain", draft, "--message", message, "--mail", draft))
    assert "cannot be read" in refusal(run("explain", draft, "--message", tmp_path / "absent.eml"))
    for lonely in (("--client-ip", "192.0.2.7"), ("--helo", "mx.example"), ("--mail-from", "a@b.example")):
        assert "say how a --message came" in refusal(run("explain", draft, *lonely))
        assert "say how a --message came" in refusal(run("explain", draft, "--mail", draft, *lonely))


@pytest.mark.parametrize(
    "words",
    [("diff", "-", "-"), ("test", "-", "-"), ("explain", "-", "--mail", "-"), ("explain", "-", "--message", "-")],
)
def test_standard_input_is_read_only_once(words: tuple[str, ...]) -> None:
    assert "only once" in refusal(run(*words))


def test_a_policy_above_all_mailboxes_is_tried_as_one(tmp_path: Path) -> None:
    above = {
        **NARROW,
        "senders": [{"match": {"anyone": True}, "capabilities": ["*"]}],
        "tests": [{"name": "all", "mail": {"from": "a@b.example"}, "expect": {"capabilities": ["*"]}}],
    }
    draft = file(tmp_path, above)
    for words in (("test", draft), ("explain", draft), ("diff", draft, draft)):
        done = run(*words, "--tenant-wide")
        assert done.exit_code == 0, done.output
        assert isinstance(done.exception, SystemExit | None)


def test_two_policies_are_compared(tmp_path: Path) -> None:
    draft = file(tmp_path, NARROW)
    wider = file(tmp_path, {**NARROW, "senders": [{"match": {"domain": "example.com"}}]}, "wider.json")
    said = run("diff", wider, draft).stdout
    assert "senders[0].match.domain" in said
    assert "\nwider: this mail gets further" in said
    assert "\nnot wider: " in run("diff", draft, wider).stdout
    assert run("diff", draft, draft).stdout.startswith("nothing changes")
    assert "name either" in refusal(run("diff", draft))


@pytest.mark.timeout(300)
def test_a_draft_is_compared_with_what_is_in_force(house: Process, tmp_path: Path) -> None:
    sandbox = json.loads(house.run("sandbox", "--json").stdout)
    mailbox = str(sandbox["mailbox_id"])
    anyone = {**NARROW, "senders": [{"match": {"anyone": True, "assurance": "none"}}]}
    draft = str(file(tmp_path, anyone))
    found = house.run("policy", "lint", draft, "-m", mailbox, "-t", "sandbox", "--json")
    assert {each["code"] for each in json.loads(found.stdout)} >= {"assurance.none"}
    changed = house.run("policy", "diff", draft, "-m", mailbox, "-t", "sandbox")
    assert "senders[0].match.anyone" in changed.stdout, changed.stderr


@pytest.mark.timeout(300)
def test_of_a_mailbox_that_is_not_there_nothing_is_told(house: Process, tmp_path: Path) -> None:
    """A slip of a number must not read as a mailbox that lets nothing in, holds nothing or would change nothing."""
    draft = str(file(tmp_path, NARROW))
    asked = (
        ("policy", "show", "9999"),
        ("policy", "history", "9999"),
        ("policy", "rollback", "9999", "1"),
        ("policy", "replay", "9999", draft),
        ("policy", "lint", draft, "-m", "9999"),
        ("policy", "diff", draft, "-m", "9999"),
        ("hold", "list", "9999"),
        ("hold", "all", "9999"),
        ("petition", "list", "9999"),
    )
    for words in asked:
        done = house.run(*words, "-t", "sandbox")
        assert (done.returncode, done.stderr) == (1, "gatepost: there is no such mailbox: gatepost mailbox list\n"), (
            words
        )
