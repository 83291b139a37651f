"""SPF, rule by rule: each row names the section of RFC 7208 that decides it. The words and records are our own."""

from ipaddress import ip_address
from typing import NamedTuple

import pytest

from gatepost.dns.paper import RdType
from gatepost.verify import spf
from gatepost.verify.answers import Answers
from gatepost.verify.paper import SpfVerdict
from gatepost.verify.spf_macro import Context
from verify.arrivals import NOW
from zones import Zone, ZoneResolver

V4, V6 = "192.0.2.1", "2001:db8::1"
NAMES: Zone = {
    "pass.example": {"TXT": ["v=spf1 +all"]},
    "fail.example": {"TXT": ["v=spf1 -all"]},
    "soft.example": {"TXT": ["v=spf1 ~all"]},
    "neutral.example": {"TXT": ["v=spf1 ?all"]},
    "silent.example": {"TXT": ["not about mail"]},
    "broken.example": {"TXT": ["v=spf1 ip4:nonsense -all"]},
    "twice.example": {"TXT": ["v=spf1 +all", "v=spf1 -all"]},
    "lost.example": {"FAIL": []},
    "host.example": {"A": [V4], "AAAA": [V6]},
    "other.example": {"A": ["198.51.100.9"], "AAAA": ["2001:db8:9::9"]},
    "alias.example": {"CNAME": ["host.example"]},
    "mx.example": {"MX": ["10 other.example", "20 host.example"]},
    "mxnull.example": {"MX": ["0 ."]},
    "mxten.example": {"MX": [f"{at} other.example" for at in range(9)] + ["9 host.example"]},
    "mxeleven.example": {"MX": [f"{at} other.example" for at in range(10)] + ["10 host.example"]},
    "1.2.0.192.in-addr.arpa": {"PTR": ["host.example", "liar.example"]},
    "liar.example": {"A": ["203.0.113.1"]},
    "listed.example": {"A": ["127.0.0.2"]},
    "1.2.0.192.in.listed.example": {"A": ["127.0.0.2"]},
    "bob.by.listed.example": {"A": ["127.0.0.2"]},
    "say.example": {"TXT": ["%{i} is not ours"]},
    "says.example": {"TXT": ["one", "two"]},
    "shout.example": {"TXT": ["th\u00e9"]},
    "odd.example": {"TXT": ["100%"]},
}


class Row(NamedTuple):
    """A record of ``a.example``, what it comes to, and what is unusual about the client."""

    section: str
    record: str | list[str]
    result: str
    address: str = V4
    said: str = ""


ROWS = [
    Row("4.4", "v=spf1 ip4:192.0.2.1", "pass"),
    Row("4.5", "v=spf1", "neutral"),
    Row("4.5", "V=SpF1 -all", "fail"),
    Row("4.5", "v=spf1  -all  ", "fail"),
    Row("4.5", " v=spf1 -all", "none"),
    Row("4.5", "v=spf10 -all", "none"),
    Row("4.5", "v=spf1\t-all", "none"),
    Row("4.5", "v=spf2.0/pra -all", "none"),
    Row("4.5", "v=spf1-all", "none"),
    Row("4.5", ["note", "v=spf1 -all", "v=other"], "fail"),
    Row("4.5", ["v=spf1 -all", "v=spf1 -all"], "permerror"),
    Row("4.5", ["v=spf1 -all", "V=SPF1"], "permerror"),
    Row("4.6", "v=spf1 +all nonsense", "permerror"),
    Row("4.6", "v=spf1 ip4:192.0.2.1 -all:x", "permerror"),
    Row("4.6.1", "v=spf1 a:host.example\t-all", "permerror"),
    Row("4.6.1", "v=spf1 exists:th\u00e9.example -all", "permerror"),
    Row("4.6.1", "v=spf1 --all", "permerror"),
    Row("4.6.1", "v=spf1 IP4:192.0.2.1 -ALL", "pass"),
    Row("4.6.2", "v=spf1 ?ip4:192.0.2.1 -all", "neutral"),
    Row("4.6.2", "v=spf1 ~ip4:192.0.2.1 -all", "softfail"),
    Row("4.6.2", "v=spf1 -ip4:192.0.2.1 +all", "fail"),
    Row("4.6.2", "v=spf1 ip4:192.0.2.2", "neutral"),
    Row("4.6.4", "v=spf1" + " a:other.example" * 10 + " -all", "fail"),
    Row("4.6.4", "v=spf1" + " a:other.example" * 11 + " -all", "permerror"),
    Row("4.6.4", "v=spf1" + " include:fail.example" * 9 + " redirect=pass.example", "pass"),
    Row("4.6.4", "v=spf1" + " include:fail.example" * 10 + " redirect=pass.example", "permerror"),
    Row("4.6.4", "v=spf1" + " ip4:203.0.113.7" * 60 + " +all", "pass"),
    Row("4.6.4", "v=spf1" + " exists:listed%{d1}.example" * 2 + " a:host.example -all", "pass"),
    Row("4.6.4", "v=spf1 a:v1.example exists:v2.example mx:v3.example +all", "permerror"),
    Row("4.6.4", "v=spf1 mx:mxten.example -all", "pass"),
    Row("4.6.4", "v=spf1 mx:mxeleven.example -all", "permerror"),
    Row("4.7", "v=spf1 a:other.example", "neutral"),
    Row("5.1", "v=spf1 -all ip4:192.0.2.1", "fail"),
    Row("5.1", "v=spf1 redirect=fail.example +all", "pass"),
    Row("5.1", "v=spf1 all/8", "permerror"),
    Row("5.1", "v=spf1 all.", "permerror"),
    Row("5.2", "v=spf1 include:pass.example -all", "pass"),
    Row("5.2", "v=spf1 ~include:pass.example -all", "softfail"),
    Row("5.2", "v=spf1 include:fail.example ?all", "neutral"),
    Row("5.2", "v=spf1 include:soft.example -all", "fail"),
    Row("5.2", "v=spf1 include:neutral.example -all", "fail"),
    Row("5.2", "v=spf1 include:silent.example +all", "permerror"),
    Row("5.2", "v=spf1 include:missing.example +all", "permerror"),
    Row("5.2", "v=spf1 include:broken.example +all", "permerror"),
    Row("5.2", "v=spf1 include:twice.example +all", "permerror"),
    Row("5.2", "v=spf1 include:lost.example +all", "temperror"),
    Row("5.2", "v=spf1 include +all", "permerror"),
    Row("5.2", "v=spf1 include: +all", "permerror"),
    Row("5.2", "v=spf1 include:pass.example/24 -all", "permerror"),
    Row("5.2", "v=spf1 ip4:192.0.2.1 include:lost.example", "pass"),
    Row("5.3", "v=spf1 a:host.example -all", "pass"),
    Row("5.3", "v=spf1 a:host.example -all", "pass", V6),
    Row("5.3", "v=spf1 a:HOST.Example. -all", "pass"),
    Row("5.3", "v=spf1 a:alias.example -all", "pass"),
    Row("5.3", "v=spf1 a:host.example/24 -all", "pass", "192.0.2.200"),
    Row("5.3", "v=spf1 a:host.example/24 -all", "fail", "192.0.3.1"),
    Row("5.3", "v=spf1 a:host.example//64 -all", "pass", "2001:db8::ffff"),
    Row("5.3", "v=spf1 a:host.example/32//32 -all", "pass", "2001:db8:f::1"),
    Row("5.3", "v=spf1 a:host.example/0 -all", "pass", "203.0.113.77"),
    Row("5.3", "v=spf1 a:host.example//0 -all", "fail", "203.0.113.77"),
    Row("5.3", "v=spf1 a:host.example/33 -all", "permerror"),
    Row("5.3", "v=spf1 a:host.example//129 -all", "permerror"),
    Row("5.3", "v=spf1 a:host.example/024 -all", "permerror"),
    Row("5.3", "v=spf1 a:host.example/ -all", "permerror"),
    Row("5.3", "v=spf1 a:host.example//64/24 -all", "permerror"),
    Row("5.3", "v=spf1 a: -all", "permerror"),
    Row("5.3", "v=spf1 a:host -all", "permerror"),
    Row("5.3", "v=spf1 a:192.0.2.1 -all", "permerror"),
    Row("5.3", "v=spf1 a:host.ex_ample -all", "permerror"),
    Row("5.3", "v=spf1 a:host.-example -all", "permerror"),
    Row("5.3", "v=spf1 a:host.example- -all", "permerror"),
    Row("5.3", "v=spf1 a=host.example -all", "fail"),
    Row("5.3", "v=spf1 a:lost.example +all", "temperror"),
    Row("5.3", "v=spf1 a:missing.example +all", "pass"),
    Row("5.4", "v=spf1 mx:mx.example -all", "pass"),
    Row("5.4", "v=spf1 mx:mx.example -all", "pass", V6),
    Row("5.4", "v=spf1 mx:host.example -all", "fail"),
    Row("5.4", "v=spf1 mx:mxnull.example -all", "fail"),
    Row("5.4", "v=spf1 mx:mx.example/24//48 -all", "pass", "192.0.2.99"),
    Row("5.4", "v=spf1 mx:mx.example/99 -all", "permerror"),
    Row("5.4", "v=spf1 mx:lost.example +all", "temperror"),
    Row("5.5", "v=spf1 ptr:host.example -all", "pass"),
    Row("5.5", "v=spf1 ptr:HOST.example -all", "pass"),
    Row("5.5", "v=spf1 ptr:liar.example -all", "fail"),
    Row("5.5", "v=spf1 ptr:ost.example -all", "fail"),
    Row("5.5", "v=spf1 ptr:host.example -all", "fail", "192.0.2.77"),
    Row("5.5", "v=spf1 ptr -all", "fail"),
    Row("5.5", "v=spf1 ptr:host.example/24 -all", "permerror"),
    Row("5.5", "v=spf1 ptr: -all", "permerror"),
    Row("5.6", "v=spf1 ip4:192.0.2.0/24 -all", "pass"),
    Row("5.6", "v=spf1 ip4:192.0.2.77/24 -all", "pass"),
    Row("5.6", "v=spf1 ip4:0.0.0.0/0 -all", "pass"),
    Row("5.6", "v=spf1 ip4:0.0.0.0/0 -all", "fail", V6),
    Row("5.6", "v=spf1 ip6:::/0 -all", "fail"),
    Row("5.6", "v=spf1 ip4:192.0.2.1/33 -all", "permerror"),
    Row("5.6", "v=spf1 ip4:192.0.2.1/024 -all", "permerror"),
    Row("5.6", "v=spf1 ip4:192.0.2.1//24 -all", "permerror"),
    Row("5.6", "v=spf1 ip4:192.0.2 -all", "permerror"),
    Row("5.6", "v=spf1 ip4:192.0.2.256 -all", "permerror"),
    Row("5.6", "v=spf1 ip4:192.000.2.1 -all", "permerror"),
    Row("5.6", "v=spf1 ip4 -all", "permerror"),
    Row("5.6", "v=spf1 ip4: -all", "permerror"),
    Row("5.6", "v=spf1 ip4:2001:db8::1 -all", "permerror"),
    Row("5.6", "v=spf1 ip6:2001:DB8::/32 -all", "pass", V6),
    Row("5.6", "v=spf1 ip6:2001:db8:0:0:0:0:0:1 -all", "pass", V6),
    Row("5.6", "v=spf1 ip6:2001:db8::1/129 -all", "permerror"),
    Row("5.6", "v=spf1 ip6:2001::db8::1 -all", "permerror"),
    Row("5.6", "v=spf1 ip6:192.0.2.1 -all", "permerror"),
    Row("5.6", "v=spf1 ip6:fe80::1%eth0 -all", "permerror"),
    Row("5.6", "v=spf1 ip4:192.0.2.1 -all", "pass", "::ffff:192.0.2.1"),
    Row("5.7", "v=spf1 exists:listed.example -all", "pass"),
    Row("5.7", "v=spf1 exists:listed.example -all", "pass", V6),
    Row("5.7", "v=spf1 exists:missing.example -all", "fail"),
    Row("5.7", "v=spf1 exists -all", "permerror"),
    Row("5.7", "v=spf1 exists: -all", "permerror"),
    Row("5.7", "v=spf1 exists:listed.example/8 -all", "permerror"),
    Row("5.7", "v=spf1 exists:lost.example +all", "temperror"),
    Row("6", "v=spf1 new=thing x-y.z_1=%{d} moo= -all", "fail"),
    Row("6", "v=spf1 new=100% -all", "permerror"),
    Row("6", "v=spf1 =x -all", "permerror"),
    Row("6", "v=spf1 1new=x -all", "permerror"),
    Row("6", "v=spf1 new=1 new=2 -all", "fail"),
    Row("6", "v=spf1 redirect=fail.example redirect=fail.example", "permerror"),
    Row("6", "v=spf1 -all exp=say.example exp=say.example", "permerror"),
    Row("6", "v=spf1 -redirect=fail.example", "permerror"),
    Row("6.1", "v=spf1 redirect=soft.example", "softfail"),
    Row("6.1", "v=spf1 redirect=soft.example ip4:192.0.2.1", "pass"),
    Row("6.1", "v=spf1 redirect=silent.example", "permerror"),
    Row("6.1", "v=spf1 redirect=missing.example", "permerror"),
    Row("6.1", "v=spf1 redirect=broken.example", "permerror"),
    Row("6.1", "v=spf1 redirect=lost.example", "temperror"),
    Row("6.1", "v=spf1 redirect=", "permerror"),
    Row("6.1", "v=spf1 redirect:fail.example", "permerror"),
    Row("6.1", "v=spf1 redirect=a.example", "permerror"),
    Row("6.2", "v=spf1 -all exp=say.example", "fail", said="192.0.2.1 is not ours"),
    Row("6.2", "v=spf1 exp=say.example -all", "fail", V6, "2.0.0.1.0.d.b.8" + ".0" * 23 + ".1 is not ours"),
    Row("6.2", "v=spf1 ~all exp=say.example", "softfail"),
    Row("6.2", "v=spf1 -all exp=says.example", "fail"),
    Row("6.2", "v=spf1 -all exp=missing.example", "fail"),
    Row("6.2", "v=spf1 -all exp=lost.example", "fail"),
    Row("6.2", "v=spf1 -all exp=shout.example", "fail"),
    Row("6.2", "v=spf1 -all exp=odd.example", "fail"),
    Row("6.2", "v=spf1 -all exp=", "permerror"),
    Row("6.2", "v=spf1 redirect=fail.example exp=say.example", "fail"),
    Row("6.2", "v=spf1 include:why.example -all", "fail"),
    Row("6.2", "v=spf1 redirect=why.example", "fail", said="192.0.2.1 is not ours"),
    Row("7.1", "v=spf1 exists:%{ir}.in.listed.example -all", "pass"),
    Row("7.1", "v=spf1 exists:%{l}.by.listed.example -all", "pass"),
    Row("7.1", "v=spf1 exists:%{o1r}%{d1}.example -all", "fail"),
    Row("7.1", "v=spf1 exists:%(ir).listed.example -all", "permerror"),
    Row("7.1", "v=spf1 exists:%{ir.listed.example -all", "permerror"),
    Row("7.1", "v=spf1 exists:%{} -all", "permerror"),
    Row("7.1", "v=spf1 exists:%{y}.example -all", "permerror"),
    Row("7.1", "v=spf1 exists:%{d0}.example -all", "permerror"),
    Row("7.1", "v=spf1 exists:%{dx}.example -all", "permerror"),
    Row("7.1", "v=spf1 exists:%{d2.-+,/_=}.example ?all", "neutral"),
    Row("7.1", "v=spf1 exists:% -all", "permerror"),
    Row("7.1", "v=spf1 exists:%%.example ?all", "neutral"),
    Row("7.2", "v=spf1 exists:%{c}.example -all", "permerror"),
    Row("7.2", "v=spf1 exists:%{r}.example -all", "permerror"),
    Row("7.2", "v=spf1 exists:%{t}.example -all", "permerror"),
    Row("7.2", "v=spf1 new=%{c}%{r}%{t} -all", "fail"),
]  # fmt: skip
ZONE: Zone = {**NAMES, "why.example": {"TXT": ["v=spf1 -all exp=say.example"]}}


async def verdict(zone: Zone, address: str = V4, local: str = "bob", domain: str = "a.example") -> SpfVerdict:
    known = Answers(ZoneResolver(zone))
    context = Context(ip_address(address), domain, local, domain, "mail.a.example", "unknown", NOW)
    return await known.settle(lambda: spf.check(known, context, identity="mailfrom"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section} {row.record} from {row.address}")
async def test_a_record_comes_to_what_the_standard_says(row: Row) -> None:
    texts = [row.record] if isinstance(row.record, str) else row.record
    found = await verdict({**ZONE, "a.example": {"TXT": texts}}, row.address)
    assert (found.result.value, found.explanation) == (row.result, row.said)


EXPANDED = [  # section 7.4's rules, over names of our own
    ("%{s}", "strong-bad@email.a.example"),
    ("%{o}", "email.a.example"),
    ("%{d}", "email.a.example"),
    ("%{d4}", "email.a.example"),
    ("%{d1}", "example"),
    ("%{dr}", "example.a.email"),
    ("%{d2r}", "a.email"),
    ("%{D}", "email.a.example"),
    ("%{l}", "strong-bad"),
    ("%{l-}", "strong.bad"),
    ("%{lr}", "strong-bad"),
    ("%{lr-}", "bad.strong"),
    ("%{l1r-}", "strong"),
    ("%{S}", "strong-bad%40email.a.example"),
    ("%{i}", "192.0.2.3"),
    ("%{ir}", "3.2.0.192"),
    ("%{i2}", "2.3"),
    ("%{v}", "in-addr"),
    ("%{h}", "[198.51.100.1]"),
    ("%{h1}", "1]"),
    ("%{p}", "unknown"),
    ("%{c}", "192.0.2.3"),
    ("%{r}", "unknown"),
    ("%{t}", str(int(NOW.timestamp()))),
    ("%%%_%-", "% %20"),
    ("a  b", "a  b"),
]


@pytest.mark.parametrize(("text", "wanted"), EXPANDED)
async def test_an_explanation_is_expanded_as_section_7_says(text: str, wanted: str) -> None:
    domain = "email.a.example"
    zone: Zone = {domain: {"TXT": [f"v=spf1 -all exp=e.{domain}"]}, f"e.{domain}": {"TXT": [text]}}
    known = Answers(ZoneResolver(zone))
    context = Context(ip_address("192.0.2.3"), domain, "strong-bad", domain, "[198.51.100.1]", "unknown", NOW)
    found = await known.settle(lambda: spf.check(known, context, identity="mailfrom"))
    assert found.explanation == wanted


@pytest.mark.parametrize(
    "domain",
    ["localhost", "", ".", "a..example", ".a.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", f"{'x' * 64}.example"],
)
async def test_what_is_no_domain_name_has_no_record(domain: str) -> None:  # section 4.3
    assert (await verdict({**ZONE, domain.removesuffix("."): {"TXT": ["v=spf1 -all"]}}, domain=domain)).result == "none"


async def test_an_empty_label_at_the_end_of_a_name_is_the_root() -> None:  # section 4.3
    assert (await verdict(ZONE, domain="fail.example.")).result == "fail"


async def test_only_txt_records_are_asked_for() -> None:  # section 3.1: the type of its own is no more
    resolver = ZoneResolver(ZONE)
    known = Answers(resolver)
    context = Context(ip_address(V4), "pass.example", "bob", "pass.example", "h", "unknown", NOW)
    await known.settle(lambda: spf.check(known, context, identity="mailfrom"))
    assert resolver.asked == [("pass.example", RdType.TXT)]


async def test_a_name_too_long_loses_labels_on_the_left() -> None:  # section 7.3
    long = ".".join(["x" * 62] * 4)
    zone: Zone = {
        long: {"TXT": ["v=spf1 exists:%{d}.%{d1}.listed.example -all"]},
        ".".join([*(["x" * 62] * 3), "listed.example"]): {"A": ["127.0.0.2"]},
    }
    resolver = ZoneResolver(zone)
    known = Answers(resolver)
    context = Context(ip_address(V4), long, "bob", long, "h", "unknown", NOW)
    await known.settle(lambda: spf.check(known, context, identity="mailfrom"))
    (asked,) = [name for name, rdtype in resolver.asked if rdtype is RdType.A]
    assert len(asked) <= 253
    assert asked.startswith("x" * 62 + ".")
    assert asked.endswith(".listed.example")


@pytest.mark.parametrize("record", ["exists:%{l}.listed.example", "include:%{s}", "a:%{l}.host.example"])
async def test_a_local_part_beyond_ascii_matches_no_term_that_spells_it(record: str) -> None:  # RFC 8616 section 4
    found = await verdict({"a.example": {"TXT": [f"v=spf1 {record} {record} {record} +all"]}}, local="jos\u00e9")
    assert found.result == "pass"
