import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.process import Process
from gatepost.cli.menu import app, bring

pytestmark = pytest.mark.timeout(300)


def test_entries_are_found_shown_and_listed(apart: Process, tmp_path: Path) -> None:
    apart.run("tenant", "add", "entries")
    (found,) = json.loads(apart.run("log", "search", "entries", "-t", "entries", "--json").stdout)
    assert (found["action"], found["opened"]) == ("tenant.add", {"name": "entries"})
    shown = json.loads(apart.run("log", "show", str(found["entry"]), "-t", "entries").stdout)
    assert shown == found
    assert "tenant.add" in apart.run("log", "search", "--kind", "act", "-t", "entries").stdout
    target = tmp_path / "list.csv"
    done = apart.run("log", "list", str(target), "--format", "csv", "-t", "entries")
    assert done.stderr == "1 entries\n", done.stderr
    (row,) = csv.DictReader(io.StringIO(target.read_text()))
    assert row["action"] == "tenant.add"
    assert target.stat().st_mode & 0o077 == 0, "it says who wrote to whom"
    lines = apart.run("log", "list", "-", "-t", "entries").stdout.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["record.export", "tenant.add"]


def test_a_message_is_found_by_the_reference_its_sender_was_given(house: Process) -> None:
    """Words do not find it, and the page of REST that does had no like on the command line."""
    house.run("send", "--from", "boss@example.com", "--text", "Wire the money.")
    said = house.run("send", "--from", "boss@example.com", "--text", "Wire the money.")
    reference = said.stdout.split()[-1]
    assert reference.startswith("em_"), said.stdout
    (found,) = json.loads(house.run("log", "search", "--message", reference, "-t", "sandbox", "--json").stdout)
    assert (found["message_id"], found["outcome"]) == (reference, "rejected_at_policy")
    lines = house.run("log", "list", "-", "--message", reference, "-t", "sandbox").stdout.splitlines()
    assert [json.loads(line)["entry"] for line in lines] == [found["entry"]]
    assert house.run("log", "search", "--thread", "th_none", "-t", "sandbox").stdout == "nothing found\n"


def test_pages_of_json_continue_too(house: Process) -> None:
    one = house.run("log", "search", "--limit", "1", "-t", "sandbox", "--json")
    after = one.stderr.removeprefix("more: --after ").strip()
    two = house.run("log", "search", "--limit", "1", "-t", "sandbox", "--json", "--after", after)
    assert json.loads(two.stdout)[0]["entry"] < json.loads(one.stdout)[0]["entry"]


def test_an_action_that_is_none_is_said_to_be_none(house: Process) -> None:
    done = house.run("log", "search", "--action", "policy.sett", "-t", "sandbox")
    assert done.stderr == "no action is called policy.sett: see `gatepost log actions`\n"
    assert house.run("log", "search", "--outcome", "deliverd", "-t", "sandbox").returncode == 2


def test_a_table_of_entries_says_where_they_stand_and_that_place_has_their_proof(apart: Process) -> None:
    apart.run("tenant", "add", "placed")
    table = apart.run("log", "search", "--action", "tenant.add", "-t", "placed").stdout
    head, row = (line.split() for line in table.splitlines()[:2])
    entry, place = row[head.index("entry") - len(head)], row[head.index("leaf_index") - len(head)]
    assert entry != place, "nothing is told by this"
    assert json.loads(apart.run("log", "entry", place, "-t", "placed").stdout)["seq"] == int(entry)
    assert apart.run("log", "prove", place, "-t", "placed").stdout.startswith("c2sp.org/tlog-proof@v1\nindex 0\n")


def test_every_argument_of_the_log_s_commands_says_what_it_is() -> None:
    bring("log")
    tree: Any = typer.main.get_command(app)
    commands = tree.commands["log"].commands
    silent = [(name, each.name) for name, command in commands.items() for each in command.params if not each.help]
    assert silent == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "--from", "no address"),
        ("search", "..."),
        ("search", "--after", "x"),
        ("show", "999999999"),
        ("list", "/nowhere/at/all"),
        ("prove", "/nowhere.eml"),
        ("prove", "9" * 30),
    ],
)
def test_what_cannot_be_done_is_one_sentence(apart: Process, arguments: tuple[str, ...]) -> None:
    done = apart.run("log", *arguments, "-t", "sandbox")
    assert done.returncode == 1
    assert done.stderr.startswith("gatepost: "), done.stderr
    assert "Traceback" not in done.stderr


def test_a_mail_nobody_knows_has_no_proof(apart: Process, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_text("Message-ID: <nobody@x>\n\nhello\n")
    done = apart.run("log", "prove", str(mail), "-t", "sandbox")
    assert (done.returncode, done.stderr) == (
        1,
        "gatepost: the record knows nothing of this message, or it was erased\n",
    )


def test_the_vocabulary_is_listed(apart: Process) -> None:
    assert "policy.set" in apart.run("log", "actions").stdout
    assert apart.run("log", "actions", "--markdown").stdout in Path("docs/record.md").read_text()
