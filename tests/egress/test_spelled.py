from ipaddress import ip_network

import pytest

from gatepost.egress import Rule
from gatepost.egress.spelled import addresses_in, closed_as_spelled, is_host

LOOPBACK_4 = ip_network("127.0.0.0/8")


@pytest.mark.parametrize(
    ("host", "rule"),
    [
        ("169.254.169.254", Rule.METADATA),
        ("fd00:ec2::254", Rule.METADATA),
        ("[fd00:ec2::254]", Rule.METADATA),
        ("::ffff:169.254.169.254", Rule.METADATA),
        ("64:ff9b::a9fe:a9fe", Rule.METADATA),
        ("0.0.0.0", Rule.UNSPECIFIED),  # noqa: S104  # to be refused, not bound
        ("fe80::1%eth0", Rule.LINK_LOCAL),
        ("fe80::1%25eth0", Rule.LINK_LOCAL),
        ("10.0.0.1", Rule.PRIVATE),
        ("localhost", Rule.LOOPBACK),
        ("LOCALHOST.", Rule.LOOPBACK),
        ("1.1.1.1", None),
        ("metadata.example", None),  # a name: by where it leads, when it is connected to
        ("*", None),
    ],
)
def test_what_is_spelled_out_is_judged_at_once(host: str, rule: Rule | None) -> None:
    assert closed_as_spelled(host, ()) is rule


def test_what_a_network_opens_is_open_and_the_rest_stays_closed() -> None:
    assert closed_as_spelled("127.0.0.1", [LOOPBACK_4]) is None
    assert closed_as_spelled("localhost", [LOOPBACK_4]) is None  # one of its addresses will do
    assert closed_as_spelled("::1", [LOOPBACK_4]) is Rule.LOOPBACK
    assert closed_as_spelled("169.254.169.254", [ip_network("169.254.0.0/16")]) is Rule.METADATA


@pytest.mark.parametrize(
    "host",
    ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "127.1", "127.0.0.1.", "0x7F.1", "a b", "", "-a", "a..b"],
)
def test_no_name_is_what_some_readers_take_for_an_address(host: str) -> None:
    assert not is_host(host)


@pytest.mark.parametrize(
    "host", ["a.example", "a.example.", "db", "my_db", "1.1.1.1", "::1", "localhost", "1a.example"]
)
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert is_host(host)


def test_a_name_that_others_give_addresses_to_has_none_of_its_own() -> None:
    assert addresses_in("a.example") == []
    assert addresses_in("[::1]") == ["::1"]
