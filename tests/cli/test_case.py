import json

from cli.process import Process
from trust.scene import EXAMPLE


def test_a_report_is_written_down_read_acknowledged_and_closed(house: Process) -> None:
    beside = Process(house.state, GATEPOST_TRUST__OPERATOR=str(EXAMPLE))
    added = beside.run("case", "add", "security", "--reply-to", "me@example.org", said="The door is open.")
    assert added.returncode == 0, added.stderr
    case = added.stdout.strip()
    listed = beside.run("case", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [(row["id"], row["way"], row["state"]) for row in json.loads(listed.stdout)] == [(case, "word", "waiting")]
    assert "The door is open." in beside.run("case", "show", case).stdout
    early = beside.run("case", "close", case, "fixed", "--by", "member 4")
    assert "acknowledge it first" in early.stderr
    assert beside.run("case", "acknowledge", case, "--by", "member 4").returncode == 0
    assert beside.run("case", "close", case, "fixed", "--by", "member 4").returncode == 0
    assert "forgotten" in beside.run("case", "show", case).stderr
    assert json.loads(beside.run("case", "list", "--json").stdout)[0]["state"] == "closed"
    for action in ("case.received", "case.acknowledged", "case.closed"):
        assert case in beside.run("log", "search", "-t", "trust", "--action", action, "--json").stdout, action


def test_what_is_unknown_is_said_in_one_sentence(house: Process) -> None:
    assert "no such case" in house.run("case", "acknowledge", "cs_none", "--by", "member 4").stderr
    assert "trust.operator" in house.run("case", "list").stderr
    assert "say what you have found" in house.run("case", "add", "abuse", said=" ").stderr
