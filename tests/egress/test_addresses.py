from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.egress.addresses import OVERRIDABLE, closed_by, is_loopback, is_this_machine
from gatepost.egress.paper import Rule


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:9.9.9.9"])
def test_a_public_address_is_open(address: str) -> None:
    assert closed_by(address, ()) is None


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("127.0.0.1", Rule.LOOPBACK),
        ("127.9.9.9", Rule.LOOPBACK),
        ("::1", Rule.LOOPBACK),
        ("10.0.0.1", Rule.PRIVATE),
        ("172.31.255.255", Rule.PRIVATE),
        ("192.168.0.1", Rule.PRIVATE),
        ("100.64.0.1", Rule.PRIVATE),
        ("fd00::1", Rule.PRIVATE),
        ("fec0::1", Rule.PRIVATE),
        ("192.0.2.1", Rule.RESERVED),
        ("198.18.0.1", Rule.RESERVED),
        ("240.0.0.1", Rule.RESERVED),
        ("255.255.255.255", Rule.RESERVED),
        ("2001:db8::1", Rule.RESERVED),
        ("100::1", Rule.RESERVED),
        ("5f00::1", Rule.RESERVED),
        ("4000::1", Rule.RESERVED),
    ],
)
def test_a_closed_address_is_open_only_where_its_network_is_named(address: str, rule: Rule) -> None:
    assert closed_by(address, ()) is rule
    assert closed_by(address, (ip_network("10.99.0.0/16"), ip_network("fd99::/16"))) is rule
    assert closed_by(address, (ip_network(address),)) is None


@pytest.mark.parametrize(
    "disguised",
    [
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::1",  # Teredo, its server
        "2001:0:101:101::80ff:fffe",  # Teredo, its client
        "2606:4700::5efe:7f00:1",
        "2606:4700::200:5efe:127.0.0.1",
    ],
)
def test_loopback_in_disguise_is_loopback(disguised: str) -> None:
    assert closed_by(disguised, ()) is Rule.LOOPBACK
    assert closed_by(disguised, (ip_network("10.0.0.0/8"),)) is Rule.LOOPBACK


EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("169.254.169.254", Rule.METADATA),
        ("::ffff:169.254.169.254", Rule.METADATA),
        ("64:ff9b::a9fe:a9fe", Rule.METADATA),
        ("fd00:ec2::254", Rule.METADATA),
        ("fd20:ce::254", Rule.METADATA),
        ("100.100.100.200", Rule.METADATA),
        ("168.63.129.16", Rule.METADATA),
        ("169.254.1.1", Rule.LINK_LOCAL),
        ("fe80::1", Rule.LINK_LOCAL),
        ("fe80::1%eth0", Rule.LINK_LOCAL),
        ("224.0.0.1", Rule.MULTICAST),
        ("ff02::1", Rule.MULTICAST),
        ("0.0.0.0", Rule.UNSPECIFIED),  # noqa: S104  # an address to refuse, not to bind
        ("0.1.2.3", Rule.UNSPECIFIED),
        ("::", Rule.UNSPECIFIED),
        ("2606:4700::1111%lo", Rule.UNREADABLE),
        ("", Rule.UNREADABLE),
        ("localhost", Rule.UNREADABLE),
        ("127.1", Rule.UNREADABLE),
        ("2130706433", Rule.UNREADABLE),
        ("0x7f000001", Rule.UNREADABLE),
        ("0177.0.0.1", Rule.UNREADABLE),
        ("127.0.0.1\x00", Rule.UNREADABLE),
    ],
)
def test_some_addresses_are_closed_whatever_is_named(address: str, rule: Rule) -> None:
    assert closed_by(address, EVERYTHING) is rule


@given(st.ip_addresses(v=4))
def test_whatever_is_closed_stays_closed_in_every_disguise(address: IPv4Address) -> None:
    rule = closed_by(str(address), ())
    number = int(address)
    for disguise in (
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address(0x0064_FF9B << 96 | number),
        IPv6Address(0x2002 << 112 | number << 80 | 1),
    ):
        assert closed_by(str(disguise), ()) is rule


@given(st.ip_addresses())
def test_an_operator_opens_nothing_but_what_may_be_opened(address: IPv4Address | IPv6Address) -> None:
    rule = closed_by(str(address), EVERYTHING)
    assert rule not in OVERRIDABLE


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert closed_by(text, ()) is not None or not is_loopback(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_only_this_machine_is_this_machine(host: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    assert is_this_machine(host) is expected
