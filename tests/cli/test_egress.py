import json

import pytest

from cli.process import Process
from gatepost.cli import egress

pytestmark = pytest.mark.timeout(300)


def test_the_register_is_listed(house: Process) -> None:
    told = json.loads(house.run("egress", "list", "--json").stdout)
    [found] = told
    assert {(row["purpose"], row["destination"]) for row in found["declared"]} == {
        ("dns", "127.0.0.1:1"),
        ("mail", "*:25"),
        ("webhook", "*:*"),
        ("export", "*:*"),
        ("model", "api.anthropic.com:443"),  # closed to every process but the one of hosted agents
    }
    shown = house.run("egress", "list").stdout
    assert "not declared" in shown


def test_its_columns_are_those_of_its_rows() -> None:
    assert "region" in egress.DECLARED
    assert "last" in egress.OPENED


def test_a_house_for_trying_out_says_that_loopback_is_open(house: Process) -> None:
    assert "may reach this machine" in house.log()
