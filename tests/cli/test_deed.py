import json

from cli.process import Process
from gatepost.cli.deed import deed
from trust.scene import EXAMPLE

HERE = ("--operator", str(EXAMPLE))


def test_what_somebody_did_is_entered_listed_and_cannot_be_invented(house: Process) -> None:
    assert {each.name or each.callback.__name__ for each in deed.registered_commands if each.callback} == {
        "enter",
        "list",
    }
    done = house.run("trust", "deed", "enter", "trained", "member 1", "--by", "member 4", "--on", "2026-11-01", *HERE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "member 1: trained on 2026-11-01 by member 4; stated\n"
    (row,) = json.loads(house.run("trust", "deed", "list", "--json").stdout)
    assert (row["kind"], row["about"], row["by"], row["on"]) == ("trained", "member 1", "member 4", "2026-11-01")
    refused = house.run("trust", "deed", "enter", "signed", "member 1", "--by", "member 4", *HERE)
    assert (refused.returncode != 0, "nobody signs for another" in refused.stderr) == (True, True)
    assert json.loads(house.run("log", "search", "-t", "trust", "--action", "deed.trained", "--json").stdout)
