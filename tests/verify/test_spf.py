import random
import warnings
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest

from gatepost.verify import spf
from gatepost.verify.answers import Answers
from gatepost.verify.paper import Result, SpfVerdict
from gatepost.verify.spf_macro import Context
from zones import Zone, ZoneResolver

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its regular expressions are older than today's Python
    import spf as pyspf

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 7208
ROUNDS = 150


async def verdict(zone: Zone, *, address: str = "192.0.2.1", domain: str = "a.example") -> SpfVerdict:
    context = Context(ip_address(address), domain, "bob", domain, "mail.a.example", "unknown", NOW)
    known = Answers(ZoneResolver(zone))
    return await known.settle(lambda: spf.check(known, context, identity="mailfrom"))


def policy(text: str, **more: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    return {"a.example": {"TXT": [text]}, **{name.replace("_", "."): records for name, records in more.items()}}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", Result.PASS),
        ("v=spf1 ip4:198.51.100.0/24 ~all", Result.SOFTFAIL),
        ("v=spf1 ?all", Result.NEUTRAL),
        ("v=spf1", Result.NEUTRAL),
        ("v=spf1 mx", Result.NEUTRAL),
        ("v=spf10 -all", Result.NONE),
        ("v=spf1 ip4:192.0.2.0/24 nonsense", Result.PERMERROR),
    ],
)
async def test_simple_records(text: str, result: Result) -> None:
    assert (await verdict(policy(text))).result is result


async def test_an_ipv4_client_seen_through_ipv6_is_an_ipv4_client() -> None:
    assert (await verdict(policy("v=spf1 ip4:192.0.2.1 -all"), address="::ffff:192.0.2.1")).result is Result.PASS


async def test_a_name_server_failure_is_a_temporary_error() -> None:
    assert (await verdict({"a.example": {"FAIL": []}})).result is Result.TEMPERROR


async def test_ten_lookups_are_allowed_and_eleven_are_not() -> None:
    records = {f"n{at}.a.example": {"A": ["198.51.100.1"]} for at in range(11)}
    for count, result in ((10, Result.FAIL), (11, Result.PERMERROR)):
        terms = " ".join(f"a:n{at}.a.example" for at in range(count))
        assert (await verdict({**policy(f"v=spf1 {terms} -all"), **records})).result is result


async def test_an_include_that_includes_itself_ends() -> None:
    zone = policy("v=spf1 include:a.example -all")
    resolver = ZoneResolver(zone)
    context = Context(ip_address("192.0.2.1"), "a.example", "bob", "a.example", "h", "unknown", NOW)
    known = Answers(resolver)
    found = await known.settle(lambda: spf.check(known, context, identity="mailfrom"))
    assert found.result is Result.PERMERROR
    assert len(resolver.asked) <= spf.MAX_LOOKUPS + 1


async def test_the_hosts_of_an_mx_answer_are_asked_together() -> None:
    zone: Zone = {
        "a.example": {"TXT": ["v=spf1 mx -all"], "MX": [f"{at} mx{at}.example" for at in range(10)]},
        **{f"mx{at}.example": {"A": [f"192.0.2.{at}"]} for at in range(10)},
    }
    assert (await verdict(zone, address="192.0.2.9")).result is Result.PASS
    assert (await verdict(zone, address="192.0.2.99")).result is Result.FAIL


async def test_the_explanation_is_the_domains_own() -> None:
    zone = policy("v=spf1 -all exp=why.a.example", why_a_example={"TXT": ["%{i} may not send for %{d}"]})
    assert (await verdict(zone)).explanation == "192.0.2.1 may not send for a.example"


@pytest.mark.parametrize(("text", "octets"), [("%{d}" * 250, spf.MAX_EXPLANATION), ("x" * 1_001, 0), ("x" * 64_000, 0)])
async def test_an_explanation_is_no_longer_than_somebody_reads(text: str, octets: int) -> None:
    """DNS carries 64 KB, and each ``%{H}`` in it may stand for two more."""
    said = await verdict(policy("v=spf1 -all exp=why.a.example", why_a_example={"TXT": [text]}))
    assert said.result is Result.FAIL
    assert len(said.explanation) == octets


PIECES = [
    "ip4:192.0.2.0/28", "ip4:198.51.100.7", "ip6:2001:db8::/32", "a", "a/28", "a:b.example", "mx", "mx//64",
    "mx:b.example/30", "include:b.example", "include:none.example", "exists:%{ir}.x.example", "exists:%{l}.y.example",
    "ptr", "redirect=b.example", "a:void1.example", "a:void2.example", "a:void3.example", "exp=e.example", "x=%{d}",
    "ip4:300.1.1.1", "a:%{d2}", "exists:%{d1r}.z.example", "include:fail.example",
]  # fmt: skip
ENDS = ["-all", "~all", "?all", "all", ""]


def pyspf_result(zone: dict[str, dict[str, list[str]]], address: str) -> str:
    def lookup(name: str, qtype: str, *_args: Any, **_kw: Any) -> list[tuple[tuple[str, str], Any]]:
        records = zone.get(name.lower().rstrip("."), {})
        if "FAIL" in records:
            raise pyspf.TempError("the name server fails")
        found = records.get(qtype, [])
        match qtype:
            case "TXT":
                values: list[Any] = [(text.encode(),) for text in found]
            case "MX":
                values = [(int(text.split()[0]), text.split()[1]) for text in found]
            case "AAAA":
                values = [ip_address(text).packed for text in found]
            case _:
                values = list(found)
        return [((name, qtype), value) for value in values]

    kept = pyspf.DNSLookup  # the hook pyspf offers for drivers
    pyspf.DNSLookup = lookup
    try:
        return str(pyspf.query(i=address, s="bob@a.example", h="mail.a.example").check()[0])
    finally:
        pyspf.DNSLookup = kept


@pytest.mark.parametrize("at", range(ROUNDS))
async def test_generated_policies_get_the_verdict_pyspf_gives(at: int) -> None:
    chance = random.Random(SEED + at)  # the seed of a failure is in the test's name

    def record() -> str:
        terms = [chance.choice(["", "", "-", "~", "?"]) + piece if "=" not in piece else piece
                 for piece in chance.sample(PIECES, chance.randint(0, 4))]  # fmt: skip
        return " ".join(["v=spf1", *terms, chance.choice(ENDS)]).strip()

    address = chance.choice(["192.0.2.1", "192.0.2.20", "198.51.100.7", "2001:db8::1", "203.0.113.9"])
    zone: dict[str, dict[str, list[str]]] = {
        "a.example": {"TXT": [record()], "A": ["192.0.2.17"], "MX": ["10 mx.a.example", "20 b.example"]},
        "b.example": {"TXT": [record()], "A": ["203.0.113.9"], "AAAA": ["2001:db8::1"], "MX": ["5 mx.a.example"]},
        "mx.a.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8:1::1"]},
        "fail.example": {"FAIL": []},
        "1.2.0.192.x.example": {"A": ["127.0.0.2"]},
        "bob.y.example": {"A": ["127.0.0.2"]},
        ip_address(address).reverse_pointer: {"PTR": ["mx.a.example", "b.example"]},
        "e.example": {"TXT": ["no"]},
    }
    ours = (await verdict(zone, address=address)).result.value
    assert ours == pyspf_result(zone, address), (SEED + at, zone["a.example"], zone["b.example"], address)
