import csv
import io
import json
from pathlib import Path

import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)


def test_entries_are_found_shown_and_listed(house: Process, tmp_path: Path) -> None:
    house.run("tenant", "add", "entries")
    (found,) = json.loads(house.run("log", "search", "entries", "-t", "entries", "--json").stdout)
    assert (found["action"], found["opened"]) == ("tenant.add", {"name": "entries"})
    shown = json.loads(house.run("log", "show", str(found["entry"]), "-t", "entries").stdout)
    assert shown == found
    assert "tenant.add" in house.run("log", "search", "--kind", "act", "-t", "entries").stdout
    target = tmp_path / "list.csv"
    done = house.run("log", "list", str(target), "--format", "csv", "-t", "entries")
    assert done.stderr == "1 entries\n", done.stderr
    (row,) = csv.DictReader(io.StringIO(target.read_text()))
    assert row["action"] == "tenant.add"
    lines = house.run("log", "list", "-", "-t", "entries").stdout.splitlines()
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
def test_what_cannot_be_done_is_one_sentence(house: Process, arguments: tuple[str, ...]) -> None:
    done = house.run("log", *arguments, "-t", "sandbox")
    assert done.returncode == 1
    assert done.stderr.startswith("gatepost: "), done.stderr
    assert "Traceback" not in done.stderr


def test_a_mail_nobody_knows_has_no_proof(house: Process, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_text("Message-ID: <nobody@x>\n\nhello\n")
    done = house.run("log", "prove", str(mail), "-t", "sandbox")
    assert (done.returncode, done.stderr) == (
        1,
        "gatepost: the record knows nothing of this message, or it was erased\n",
    )


def test_the_vocabulary_is_listed(house: Process) -> None:
    assert "policy.set" in house.run("log", "actions").stdout
    assert house.run("log", "actions", "--markdown").stdout in Path("docs/record.md").read_text()
