from ipaddress import ip_address

import pytest

from gatepost.verify import iprev
from gatepost.verify.answers import Answers
from gatepost.verify.paper import IprevVerdict, Result
from zones import Zone, ZoneResolver

PEER = "192.0.2.7"
REVERSE = "7.2.0.192.in-addr.arpa"


async def verdict(zone: Zone, address: str = PEER) -> IprevVerdict:
    known = Answers(ZoneResolver(zone))
    return await known.settle(lambda: iprev.check(known, ip_address(address)))


@pytest.mark.parametrize(
    ("zone", "result", "name"),
    [
        ({REVERSE: {"PTR": ["mx.a.example"]}, "mx.a.example": {"A": [PEER]}}, Result.PASS, "mx.a.example"),
        (
            {REVERSE: {"PTR": ["x.example", "y.example"]}, "y.example": {"A": ["192.0.2.8", PEER]}},
            Result.PASS,
            "y.example",
        ),
        ({REVERSE: {"PTR": ["mx.a.example"]}, "mx.a.example": {"A": ["192.0.2.8"]}}, Result.FAIL, ""),
        ({REVERSE: {"PTR": ["mx.a.example"]}}, Result.FAIL, ""),
        ({REVERSE: {"PTR": ["mx.a.example"]}, "mx.a.example": {"FAIL": []}}, Result.TEMPERROR, ""),
        ({REVERSE: {"FAIL": []}}, Result.TEMPERROR, ""),
        ({}, Result.PERMERROR, ""),
    ],
)
async def test_a_reverse_name_counts_only_if_it_leads_back(zone: Zone, result: Result, name: str) -> None:
    assert await verdict(zone) == IprevVerdict(result, PEER, name)


async def test_an_ipv6_client_is_looked_up_by_its_nibbles() -> None:
    zone: Zone = {
        ip_address("2001:db8::7").reverse_pointer: {"PTR": ["mx.a.example"]},
        "mx.a.example": {"AAAA": ["2001:db8::7"]},
    }
    assert (await verdict(zone, "2001:db8::7")).result is Result.PASS


async def test_no_more_than_ten_names_are_followed() -> None:
    resolver = ZoneResolver({REVERSE: {"PTR": [f"n{at}.example" for at in range(50)]}})
    known = Answers(resolver)
    await known.settle(lambda: iprev.check(known, ip_address(PEER)))
    assert len(resolver.asked) == 1 + iprev.MAX_NAMES
