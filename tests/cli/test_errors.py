import json

from cli.process import Process


def test_no_error_is_listed_and_an_unknown_one_cannot_be_cleared(house: Process) -> None:
    listed = house.run("errors", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert isinstance(json.loads(listed.stdout), list)
    assert "no such error" in house.run("errors", "clear", "0123456789abcdef").stderr
