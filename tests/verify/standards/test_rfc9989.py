"""DMARC, rule by rule: a zone, an author and what was proven; each row names its section of RFC 9989."""

from types import MappingProxyType
from typing import NamedTuple

import pytest

from gatepost.mail import fields
from gatepost.verify import author, dmarc
from gatepost.verify.answers import Answers
from gatepost.verify.paper import DmarcVerdict
from zones import Zone, ZoneResolver

REPORTS = "rua=mailto:reports@corp.example"


def zone(records: dict[str, str | list[str]], *existing: str) -> Zone:
    """Publish records below ``_dmarc``; further names exist without one."""
    told = {
        f"_dmarc.{name}": {"TXT": [text] if isinstance(text, str) else text} if text != "FAIL" else {"FAIL": [""]}
        for name, text in records.items()
    }
    return {**told, **{name: {"MX": ["10 mx.example"]} for name in existing}}


class Row(NamedTuple):
    """Records by name; then the author's domain, what DKIM and SPF proved, and what that comes to."""

    section: str
    records: dict[str, str | list[str]]
    result: str
    policy: str = ""
    author: str = "corp.example"
    dkim: tuple[str, ...] = ()
    spf: str | None = None
    existing: tuple[str, ...] = ()


def own(section: str, text: str | list[str], result: str, policy: str = "", **more: object) -> Row:
    """Publish one record at the author's own domain."""
    return Row(section, {"corp.example": text}, result, policy, **more)  # type: ignore[arg-type]  # a row's own fields


REJECT = "v=DMARC1; p=reject"
DEEP = ".".join("abcdefghij")
ROWS = [
    # whether it is a record at all
    own("4.7", REJECT, "fail", "reject"),
    own("4.7", "v=DMARC1;p=reject;", "fail", "reject"),
    own("4.7", " v=DMARC1; p=reject", "none"),
    own("4.7", "p=reject; v=DMARC1", "none"),
    own("4.7", "v=DMARC2; p=reject", "none"),
    own("4.7", "v=DMARC1.0; p=reject", "none"),
    own("4.7", "v=DMARC; p=reject", "none"),
    own("4.8", "v=dmarc1; p=reject", "none"),
    own("4.8", "V=DMARC1; p=reject", "fail", "reject"),
    own("4.8", "v = DMARC1 ; p = reject ;", "fail", "reject"),
    own("4.8", "v=DMARC1; P=Reject", "fail", "reject"),
    own("4.8", "v=DMARC1", "none"),
    own("4.7", f"v=DMARC1; {REPORTS}", "fail", "none"),
    own("4.10", [REJECT, "v=spf1 -all"], "fail", "reject"),
    own("4.10", [REJECT, "v=DMARC1; p=none"], "none"),
    own("4.10", [REJECT, REJECT], "none"),
    # its tags
    own("4.7", "v=DMARC1; p=none", "fail", "none"),
    own("4.7", "v=DMARC1; p=quarantine", "fail", "quarantine"),
    own("4.7", "v=DMARC1; p=reject; fancy=1; x", "fail", "reject"),
    own("4.7", "v=DMARC1; p=reject; adkim=loose; aspf=", "pass", "reject", dkim=("m.corp.example",)),
    own("A.6", "v=DMARC1; p=reject; pct=0", "fail", "reject"),
    own("RFC 7489 6.3", "v=DMARC1; p=reject; pct=5; ri=1; rf=afrf; fo=1:d", "fail", "reject"),
    own("4.7", "v=DMARC1; p=reject; t=y", "fail", "quarantine"),
    own("4.7", "v=DMARC1; p=quarantine; t=y", "fail", "none"),
    own("4.7", "v=DMARC1; p=none; t=y", "fail", "none"),
    own("4.7", "v=DMARC1; p=reject; t=n", "fail", "reject"),
    own("4.7", "v=DMARC1; p=reject; t=maybe", "fail", "reject"),
    own("4.10.1", "v=DMARC1; p=deny", "none"),
    own("4.10.1", f"v=DMARC1; p=deny; {REPORTS}", "fail", "none"),
    own("4.10.1", "v=DMARC1; p=; rua=mailto:a@b.example", "fail", "none"),
    own("4.10.1", "v=DMARC1; p=deny; rua=nobody", "none"),
    own("4.10.1", "v=DMARC1; p=reject; sp=deny", "none"),
    own("4.10.1", f"v=DMARC1; p=reject; sp=deny; {REPORTS}", "fail", "none"),
    own("4.10.1", f"v=DMARC1; p=reject; np=deny; {REPORTS}", "fail", "none"),
    own("4.7", "v=DMARC1; p=reject; sp=none; np=none", "fail", "reject"),
    # inherited wishes
    own("4.10.1", REJECT, "fail", "reject", author="m.corp.example"),
    own("4.10.1", "v=DMARC1; p=reject; sp=none", "fail", "none", author="m.corp.example"),
    own("4.10.1", "v=DMARC1; p=none; sp=reject", "fail", "reject", author="m.corp.example"),
    own("4.7", "v=DMARC1; p=none; np=reject", "fail", "reject", author="m.corp.example"),
    own("4.7", "v=DMARC1; p=none; sp=quarantine; np=reject", "fail", "reject", author="m.corp.example"),
    own("4.7", "v=DMARC1; p=none; sp=quarantine; np=reject", "fail", "quarantine",
        author="m.corp.example", existing=("m.corp.example",)),
    own("3.2.13", "v=DMARC1; p=none; np=reject", "fail", "none",
        author="m.corp.example", existing=("x.m.corp.example",)),
    own("4.7", "v=DMARC1; p=reject; np=none; t=y", "fail", "none", author="m.corp.example"),
    Row("4.10.1", {"corp.example": "v=DMARC1; p=reject; sp=reject", "m.corp.example": "v=DMARC1; p=none"},
        "fail", "none", "m.corp.example"),
    Row("4.10.1", {"corp.example": "v=DMARC1; p=none; sp=reject", "m.corp.example": "v=DMARC1; p=none; sp=none"},
        "fail", "reject", "a.m.corp.example"),
    Row("4.10.1", {"corp.example": REJECT, "m.corp.example": "junk"}, "fail", "reject", "m.corp.example"),
    Row("4.10.1", {"corp.example": REJECT, "m.corp.example": ["v=DMARC1; p=none", "v=DMARC1"]}, "fail", "reject",
        "m.corp.example"),
    Row("4.10.1", {"example": "v=DMARC1; p=reject; psd=y"}, "fail", "reject", "corp.example"),
    Row("4.10.1", {"example": "v=DMARC1; p=reject; sp=quarantine; psd=y"}, "fail", "quarantine", "corp.example"),
    Row("4.10.1", {"example": "v=DMARC1; p=reject; np=none; psd=y", "corp.example": "v=DMARC1; p=quarantine"},
        "fail", "quarantine", "m.corp.example"),
    # the walk's length
    Row("4.10", {"d.e.f.g.h.i.j": REJECT}, "fail", "reject", DEEP),
    Row("4.10", {"c.d.e.f.g.h.i.j": REJECT}, "none", "", DEEP),
    Row("4.10", {DEEP: REJECT}, "fail", "reject", DEEP),
    Row("4.10", {"j": REJECT}, "fail", "reject", DEEP),
    Row("4.10", {"b.c.d.e.f.g.h.i.j": REJECT}, "none", "", DEEP),
    Row("4.10", {"c.d.e.f.g.h.i.j": REJECT}, "fail", "reject", "c.d.e.f.g.h.i.j"),
    # alignment
    own("4.4.1", REJECT, "pass", "reject", dkim=("corp.example",)),
    own("4.4.1", REJECT, "pass", "reject", dkim=("m.corp.example",)),
    own("4.4.1", REJECT, "pass", "reject", dkim=("other.example", "a.b.corp.example")),
    own("4.4.1", REJECT, "fail", "reject", dkim=("other.example",)),
    own("4.4.1", REJECT, "fail", "reject", dkim=("notcorp.example",)),
    own("4.4.1", REJECT, "fail", "reject", dkim=("example",)),
    own("4.4.1", REJECT, "pass", "reject", author="m.corp.example", dkim=("corp.example",)),
    own("4.4.1", REJECT, "pass", "reject", author="m.corp.example", dkim=("n.corp.example",)),
    own("4.4.1", REJECT + "; adkim=s", "fail", "reject", dkim=("m.corp.example",)),
    own("4.4.1", REJECT + "; adkim=S", "fail", "reject", dkim=("m.corp.example",)),
    own("4.4.1", REJECT + "; adkim=s", "pass", "reject", dkim=("corp.example",)),
    own("4.4.1", REJECT + "; adkim=s", "fail", "reject", author="m.corp.example", dkim=("corp.example",)),
    own("4.4.2", REJECT, "pass", "reject", spf="corp.example"),
    own("4.4.2", REJECT, "pass", "reject", spf="bounce.corp.example"),
    own("4.4.2", REJECT, "fail", "reject", spf="other.example"),
    own("4.4.2", REJECT + "; aspf=s", "fail", "reject", spf="bounce.corp.example"),
    own("4.4.2", REJECT + "; aspf=s", "pass", "reject", spf="corp.example"),
    own("4.4.2", REJECT + "; aspf=s", "pass", "reject", dkim=("m.corp.example",), spf="bounce.corp.example"),
    own("4.4.1", REJECT + "; adkim=s", "pass", "reject", dkim=("m.corp.example",), spf="bounce.corp.example"),
    # organizations
    Row("4.10.2", {"corp.example": REJECT, "m.corp.example": "v=DMARC1; p=none"}, "pass", "reject",
        dkim=("m.corp.example",)),
    Row("4.10.2", {"corp.example": REJECT, "m.corp.example": "v=DMARC1; p=none; psd=n"}, "fail", "reject",
        dkim=("m.corp.example",)),
    Row("4.10.2", {"corp.example": REJECT, "m.corp.example": "v=DMARC1; p=none; psd=u"}, "pass", "reject",
        dkim=("m.corp.example",)),
    Row("4.10.2", {"corp.example": REJECT, "m.corp.example": "v=DMARC1; p=none; psd=n"}, "fail", "none",
        "m.corp.example", dkim=("corp.example",)),
    Row("4.10.2", {"corp.example": REJECT, "m.corp.example": "v=DMARC1; p=none; psd=n"}, "pass", "none",
        "m.corp.example", dkim=("a.m.corp.example",)),
    Row("4.10.2", {"example": "v=DMARC1; p=reject; psd=y"}, "fail", "reject", dkim=("other.example",)),
    Row("4.10.2", {"example": "v=DMARC1; p=reject; psd=y"}, "pass", "reject", dkim=("a.corp.example",)),
    Row("4.10.2", {"example": "v=DMARC1; p=reject; psd=y"}, "fail", "reject", dkim=("example",)),
    Row("4.10.2", {"example": "v=DMARC1; p=reject; psd=u"}, "pass", "reject", dkim=("other.example",)),
    Row("4.10.2", {"example": "v=DMARC1; p=reject; psd=y"}, "pass", "reject", "example", dkim=("example",)),
    Row("4.10.2", {"example": "v=DMARC1; p=reject; psd=y"}, "fail", "reject", "example", dkim=("corp.example",)),
    Row("4.10", {"gov.example": "v=DMARC1; p=reject; psd=y", "example": "v=DMARC1; p=none"}, "fail", "reject",
        "gov.example", dkim=("other.example",)),
    # no answer
    Row("4.10.1", {"corp.example": "FAIL"}, "temperror", author="corp.example"),
    Row("4.10.1", {"corp.example": "FAIL"}, "temperror", author="m.corp.example", dkim=("m.corp.example",)),
    Row("4.10.1", {"corp.example": REJECT, "example": "FAIL"}, "temperror", "reject", "corp.example"),
    Row("4.10.1", {}, "none"),
]  # fmt: skip


def spelled(row: Row) -> str:
    records = " + ".join(f"{name}: {text}" for name, text in row.records.items())
    return f"{row.section} {records} | {row.author} by {row.dkim} {row.spf} {row.existing}"


async def judged(told: Zone, domain: str, dkim: tuple[str, ...] = (), spf: str | None = None) -> DmarcVerdict:
    known = Answers(ZoneResolver(told))
    found = await known.settle(lambda: dmarc.discover(known, domain))
    alignment = await known.settle(lambda: dmarc.align(known, found, dkim_domains=dkim, spf_domain=spf))
    return dmarc.judge(found, alignment)


@pytest.mark.parametrize("row", ROWS, ids=spelled)
async def test_a_record_and_a_proof_come_to_what_the_standard_says(row: Row) -> None:
    found = await judged(zone(row.records, *row.existing), row.author, row.dkim, row.spf)
    assert (found.result.value, found.policy) == (row.result, row.policy)


MISSING, AMBIGUOUS = author.MISSING, author.AMBIGUOUS
AUTHORS = MappingProxyType({  # section 11.5 and RFC 5322 sections 3.4 and 4.4: whose mail it claims to be
    "From: a@corp.example": "corp.example",
    "From: <a@corp.example>": "corp.example",
    "FROM : a@corp.example": "corp.example",
    "From:a@CORP.Example": "corp.example",
    'From: "Boss, the" <a@corp.example>': "corp.example",
    'From: "a@evil.example" <a@corp.example>': "corp.example",
    "From: a@evil.example <a@corp.example>": AMBIGUOUS,
    'From: "a@b"@corp.example': "corp.example",
    'From: "a\\"@b"@corp.example': "corp.example",
    "From: (a@evil.example) a@corp.example (b@evil.example)": "corp.example",
    "From: a(x)@(y)corp.example": "corp.example",
    "From: a @ corp . example": "corp.example",
    "From: <@relay.example,@other.example:a@corp.example>": "corp.example",
    "From: Boss\r\n <a@corp.example>": "corp.example",
    "From: =?utf-8?q?a=40evil.example?= <a@corp.example>": "corp.example",
    "From: Staff: a@corp.example;": "corp.example",
    "From: Staff: a@corp.example, b@corp.example;": AMBIGUOUS,
    "From: undisclosed:;": MISSING,
    "From:": MISSING,
    "From: ": MISSING,
    "To: a@corp.example": MISSING,
    "From: a@corp.example, b@corp.example": AMBIGUOUS,
    "From: a@corp.example, b@evil.example": AMBIGUOUS,
    "From: a@corp.example\r\nFrom: b@evil.example": AMBIGUOUS,
    "From: a@corp.example\r\nfrom: a@corp.example": AMBIGUOUS,
    "From: a@corp.example\rFrom: b@evil.example": AMBIGUOUS,
    "From: a@corp.example\nFrom: b@evil.example": AMBIGUOUS,
    "From: a@corp.example\x00": AMBIGUOUS,
    "From: nobody": AMBIGUOUS,
    "From: a@": AMBIGUOUS,
    "From: @corp.example": AMBIGUOUS,
    "From: a@b@corp.example": AMBIGUOUS,
    "From: <a@corp.example> <b@evil.example>": AMBIGUOUS,
    "From: <a@corp.example": AMBIGUOUS,
    "From: a@[192.0.2.1]": AMBIGUOUS,
    "From: a@corp..example": AMBIGUOUS,
    "From: a@b\u00fccher.example": "xn--bcher-kva.example",
    "From: j\u00f6rg@xn--bcher-kva.example": "xn--bcher-kva.example",
    "From: a@\u2603\u00a0.example": AMBIGUOUS,
})  # fmt: skip


@pytest.mark.parametrize(("head", "wanted"), AUTHORS.items())
def test_a_message_has_the_author_the_standard_sees(head: str, wanted: str) -> None:
    found = author.find(fields.split(head.encode() + b"\r\n\r\n"))
    assert (found.address.domain if found.address else found.problem) == wanted
