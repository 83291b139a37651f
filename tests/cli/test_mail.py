import json

import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def found(house: Process) -> str:
    """The id of a letter about otters."""
    house.run(
        "send", "--from", "you@example.com", "--subject", "Otters", "--text", "Two otters at \x1b[31mnoon\x1b[0m."
    )
    (row,) = json.loads(house.run("mail", "search", "otters", "--limit", "1", "--json", "-t", "sandbox").stdout)
    return str(row["id"])


def test_a_letter_is_listed_searched_and_shown(house: Process, found: str) -> None:
    listed = house.run("mail", "list", "--limit", "1", "-t", "sandbox").stdout
    assert found in listed
    assert "Otters" in listed
    searched = house.run("mail", "search", "otters at", "from:example.com", "-t", "sandbox").stdout
    assert found in searched
    assert "Two otters at" in searched
    shown = house.run("mail", "show", found, "-t", "sandbox").stdout
    assert "Subject:  Otters" in shown
    assert "\x1b" not in shown + searched  # a stranger does not paint our terminal


def test_a_list_goes_on_where_it_printed(house: Process, found: str) -> None:
    house.run("send", "--from", "you@example.com", "--subject", "Badgers", "--text", "And two badgers.")
    _, more = house.run("mail", "list", "--limit", "1", "-t", "sandbox").stdout.split("more: --after ")
    assert found in house.run("mail", "list", "--limit", "1", "-t", "sandbox", "--after", more.strip()).stdout


def test_what_cannot_be_done_is_one_sentence(house: Process) -> None:
    for arguments, why in {
        ("search", "before:soon"): "take a day",
        ("search", "nosuchword"): "",
        ("show", "em_nowhere"): "no such message",
        ("list", "-m", "nobody@gatepost.test"): "name one mailbox",
        ("list", "--after", "em_nowhere"): "continues another list",
        ("search", "otters", "--after", "em_nowhere"): "continues another list",
    }.items():
        done = house.run("mail", *arguments, "-t", "sandbox")
        assert done.returncode == (1 if why else 0), done.stderr
        assert why in done.stderr
        assert "Traceback" not in done.stderr
    assert "nothing found" in house.run("mail", "search", "nosuchword", "-t", "sandbox").stdout
