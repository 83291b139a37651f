"""``gatepost replay``: the words and the exit status."""

import json

import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)


def test_a_decision_of_the_sandbox_comes_out_again(house: Process) -> None:
    email = house.run("send", "--from", "you@example.com").stdout.split()[-1]
    done = house.run("replay", email, "-t", "sandbox", "--json")
    assert done.returncode == 0, done.stderr
    (case,) = json.loads(done.stdout)
    assert (case["message"], case["recorded"], case["verdict"]) == (email, "rule.matched", "same")
    refused = house.run("send", "--from", "boss@example.com").stdout.split()[-1]
    assert house.run("replay", refused, "-t", "sandbox").returncode == 0
    unknown = house.run("replay", "999999999", "-t", "sandbox")
    assert (unknown.returncode, unknown.stderr.strip()) == (1, "gatepost: there is no such decision")
    odd = house.run("replay", "x; drop table", "-t", "sandbox")
    assert odd.stderr.startswith("gatepost: name an entry by its number")
