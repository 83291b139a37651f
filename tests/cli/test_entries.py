import csv
import io
import json
from pathlib import Path

import pytest

from cli.process import Process

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
    lines = apart.run("log", "list", "-", "-t", "entries").stdout.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["record.export", "tenant.add"]


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
