import json
import re
import shlex
import time
from pathlib import Path

import pytest

from cli.process import Process
from gatepost.domains.directory import REMEMBERED_S

pytestmark = pytest.mark.timeout(300)


def test_a_real_domain_is_set_up_from_the_command_line(apart: Process, tmp_path: Path) -> None:
    assert apart.run("tenant", "add", "acme", "--plan", "business").returncode == 0
    added = apart.run("domain", "add", "acme.test", "--tenant", "acme")
    assert added.returncode == 0, added.stderr
    published = added.stdout.strip().split("\n\n")  # a record a line, however narrow the terminal
    assert all(re.fullmatch(r"\S*acme\.test\. IN (MX|TXT) [^\n]+", line) for line in published), added.stdout
    assert any("_domainkey" in line and len(line) > 400 for line in published)
    records = json.loads(apart.run("domain", "records", "acme.test", "-t", "acme", "--json").stdout)
    assert {"MX", "TXT"} <= {record["rdtype"] for record in records}
    again = apart.run("domain", "records", "Acme.test.")  # as the doctor says, in a house of several tenants
    assert again.stdout.strip().split("\n\n") == published, again.stderr
    assert "no tenant of this house" in apart.run("domain", "records", "nobodys.test").stderr
    assert apart.run("mailbox", "add", "help@acme.test", "-t", "acme").returncode == 0
    boxes = json.loads(apart.run("mailbox", "list", "-t", "acme", "--json").stdout)
    box = next(box for box in boxes if box["address"] == "help@acme.test")
    assert apart.run("send", "--from", "a@b.example", "--to", "help@acme.test").stdout.startswith("550 ")
    policy = tmp_path / "policy.json"
    policy.write_text(
        json.dumps(
            {
                "defaultAction": "bounce",
                "senders": [{"match": {"domain": "b.example", "assurance": "none"}, "capabilities": []}],
                "auditLog": {"retentionDays": 30},
            }
        )
    )
    assert apart.run("policy", "set", str(box["id"]), str(policy), "-t", "acme").returncode == 0
    assert apart.run("send", "--from", "a@b.example", "--to", "help@acme.test").stdout.startswith("250 ")
    assert apart.run("send", "--from", "a@b.example", "--to", "postmaster@acme.test").stdout.startswith("250 ")
    assert apart.run("mailbox", "remove", str(box["id"]), "-t", "acme").returncode == 0
    time.sleep(REMEMBERED_S)  # until then an address that was written to may still be let in
    assert apart.run("send", "--from", "a@b.example", "--to", "help@acme.test").stdout.startswith("550 5.1.1")


def test_each_act_leaves_an_entry_without_a_name_in_it(apart: Process) -> None:
    assert apart.run("tenant", "add", "quiet").returncode == 0
    added = apart.run("person", "add", "jane.doe@quiet.example", "--role", "auditor", "-t", "quiet")
    assert added.returncode == 0, added.stderr
    entry = apart.run("log", "entry", "1", "-t", "quiet")
    leaf = json.loads(entry.stdout)
    assert leaf["action"] == "person.add"
    assert "jane" not in entry.stdout


def test_the_next_step_it_names_can_be_copied(apart: Process) -> None:
    said = apart.run("tenant", "add", "Müller & Sons; $(reboot)").stdout
    assert shlex.split(said.partition("next: gatepost ")[2])[-2:] == ["--tenant", "Müller & Sons; $(reboot)"]


def test_what_cannot_be_done_is_one_sentence(apart: Process) -> None:
    refused = [
        ("tenant", "add", ""),
        ("domain", "add", "not a domain", "-t", "sandbox"),
        ("domain", "add", "sandbox.test", "-t", "sandbox"),
        ("mailbox", "add", "nobody@elsewhere.example", "-t", "sandbox"),
        ("mailbox", "add", "no address", "-t", "sandbox"),
        ("mailbox", "remove", "999999", "-t", "sandbox"),
        ("key", "add", "--role", "agent", "-t", "sandbox"),
        ("key", "add", "--role", "auditor", "--scope", "policy:write", "-t", "sandbox"),
        ("policy", "set", "999999", "/nowhere.json", "-t", "sandbox"),
        ("domain", "list", "-t", "nobody"),
        ("log", "prove", "99999", "-t", "sandbox"),
        ("log", "entry", "99999", "-t", "sandbox"),
        ("log", "prove", "-t", "sandbox", "--", "-1"),
    ]
    for command in refused:
        done = apart.run(*command)
        assert done.returncode == 1, command
        assert done.stderr.startswith("gatepost: "), (command, done.stderr)
        assert "Traceback" not in done.stderr


def test_the_master_key_is_replaced_beside_a_house_that_is_up(apart: Process) -> None:
    def counts() -> dict[tuple[str, str], int]:
        rows = json.loads(apart.run("keys", "list", "--json").stdout)
        return {(row["tenant"], row["kind"]): row["count"] for row in rows}

    before = (apart.state / "keys" / "master.key").read_bytes()
    there = counts()
    assert there["the house", "tenant"] == 1
    done = apart.run("keys", "rotate")
    assert done.returncode == 0, done.stderr
    assert f"{sum(there.values())} keys" in done.stdout
    assert (apart.state / "keys" / "master.key").read_bytes() != before
    assert counts().keys() == there.keys()
    assert apart.run("tenant", "list").returncode == 0
    assert apart.run("log", "verify", "-t", "sandbox").returncode == 0
