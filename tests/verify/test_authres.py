import tracemalloc
from dataclasses import replace

import authres as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail import fields
from gatepost.mail.fields import Field
from gatepost.verify import authres, check
from gatepost.verify.paper import DkimVerdict, Result
from verify.arrivals import PLAIN, arrival, keys, sign
from zones import ZoneResolver


async def test_our_field_is_read_by_another_parser() -> None:
    evidence = (await check(arrival(sign(PLAIN)), ZoneResolver(keys()))).evidence
    written = authres.field(authres.results(evidence), "mx.house.example").decode()
    parsed = oracle.AuthenticationResultsHeader.parse(written.replace("\r\n", ""))
    assert parsed.authserv_id == "mx.house.example"
    assert [(one.method, one.result) for one in parsed.results] == [
        ("spf", "none"), ("spf", "none"), ("dkim", "pass"), ("dmarc", "none"), ("arc", "none"), ("iprev", "permerror"),
    ]  # fmt: skip
    assert max(map(len, written.split("\r\n"))) < 998
    assert written.endswith("\r\n")


async def test_a_strangers_words_cannot_write_a_second_result() -> None:
    evidence = (await check(arrival(PLAIN), ZoneResolver({}))).evidence
    hostile = DkimVerdict(Result.NEUTRAL, "x.example; dmarc=pass\r\nX: y", 'a"\\', "rsa-sha256")
    written = authres.field(authres.results(replace(evidence, dkim=(hostile,))), "mx.house.example").decode()
    _, claims = authres.parse(written.partition(":")[2].replace("\r\n", ""))
    assert [(one.method, one.result) for one in claims].count(("dmarc", "pass")) == 0
    assert "\r\nX: y" not in written


def test_fields_under_our_name_are_removed_and_others_kept() -> None:
    raw = (
        b"Authentication-Results: MX.house.example; spf=pass\r\nReceived: x\r\n"
        b"Authentication-Results: (c) mx.house.example 1;\r\n dmarc=pass\r\n"
        b"Authentication-Results: other.example; spf=fail\r\nFrom: a@b.example\r\n\r\nbody\r\n"
    )
    assert authres.without_ours(raw, "mx.house.example") == (
        b"Received: x\r\nAuthentication-Results: other.example; spf=fail\r\nFrom: a@b.example\r\n\r\nbody\r\n"
    )
    assert authres.without_ours(PLAIN, "mx.house.example") == PLAIN


def test_a_delivered_copy_bears_our_name_once_and_on_top() -> None:
    raw = b"Authentication-Results: mx.house.example; dmarc=pass header.from=boss.example\r\n" + PLAIN
    copy = authres.stamped(raw, "spf=fail smtp.mailfrom=x.example", "mx.house.example")
    assert copy == b"Authentication-Results: mx.house.example;\r\n\tspf=fail smtp.mailfrom=x.example\r\n" + PLAIN


@pytest.mark.parametrize(
    ("value", "claims"),
    [
        ("i=1; x.example; dmarc=pass header.from=corp.example", True),
        ("i=1; x.example; spf=pass; DMARC=Pass (p=none dis=none) header.from=CORP.example", True),
        ('i=1; x.example; dmarc=pass header.from="corp.example"', True),
        ("i=1; x.example; dmarc=pass", False),
        ("i=1; x.example; dmarc (a) / 1 = (b) pass header (c) . from = corp.example (d)", True),
        ("i=1; x.example; dmarc=pass policy.a=b. header. from=corp.example", True),
        ("i=1; x.example; dmarc=pass header.from=corp.example header.from=corp.example", True),
        ("i=1; x.example; dmarc=pass header.from=corp.example header.from=y.example", False),
        ("i=1; x.example; dmarc=pass header.from=y.example header.from=corp.example", False),
        ("i=1; x.example; dmarc=pass x.a=header .from=corp.example", False),
        ("i=1; x.example; dmarc=fail header.from=corp.example", False),
        ("i=1; x.example; dmarc=pass header.from=other.example", False),
        ('i=1; x.example; dkim=pass reason="; dmarc=pass header.from=corp.example"', False),
        ("i=1; x.example (; dmarc=pass header.from=corp.example)", False),
        (r'i=1; x.example; spf=pass smtp.mailfrom="a\"; dmarc=pass header.from=corp.example; b\""@y.example', False),
        ("i=1; x.example; dmarc=pass header.from=corp.example; dmarc=fail header.from=corp.example", False),
        ("i=1; x.example; dmarc=pass header.from=y.example; dmarc=pass header.from=corp.example", False),
        ("i=1; x.example (open; dmarc=pass header.from=corp.example", False),
        ("i=1; dmarc=pass header.from=corp.example", False),
    ],
)
def test_a_sealers_claim_is_read_exactly(value: str, claims: bool) -> None:  # noqa: FBT001  # parametrised
    field = Field(b"arc-authentication-results", b"ARC-Authentication-Results: " + value.encode())
    assert authres.claims_pass(field, "corp.example") is claims
    assert not authres.claims_pass(field, None)


@given(st.text('a=;"\\() .', max_size=80))
def test_any_value_is_read(value: str) -> None:
    authres.parse(value)


FORGED = b"Authentication-Results: mx.house.example; dmarc=pass"
OTHER = b"Authentication-Results: other.example; spf=fail"


@pytest.mark.parametrize(
    "written",
    [
        b"AUTHENTICATION-results:mx.house.example;dmarc=pass",
        b"Authentication-Results \t: mx.house.example 1; dmarc=pass",
        b"Authentication-Results:\r\n mx.house.example\r\n ; dmarc=pass",
        b"Authentication-Results: (a (nested\\)) comment)\r\n\tmx.house.example (v)1; dmarc=pass",
        b'Authentication-Results: "mx.house.example"; dmarc=pass',
        b'Authentication-Results: "mx\\.house.example"/1; dmarc=pass',
        b"Authentication-Results: mx.house.example.; dmarc=pass",
        b"Authentication-Results: mx.house.example",
        b"Authentication-Results: (" + b"x" * 70_000 + b") mx.house.example; dmarc=pass",
        b"Authentication-Results\r\n : mx.house.example; dmarc=pass",
        b"Authentication-Results: =?utf-8?q?mx.house.example;_dmarc=3Dpass?=",
        b"Authentication-Results: =?utf-8?b?bXguaG91c2U=?= =?utf-8?q?.example?=; dmarc=pass",
        b"Authentication-Results: mx.house.example/1; dmarc=pass",
        b"Authentication-Results: mx.house.example:25; dmarc=pass",
        b"Authentication-Results: <mx.house.example>; dmarc=pass",
        b"Authentication-Results: =mx.house.example; dmarc=pass",
        b"Authentication-Results: 1 mx.house.example; dmarc=pass",
        b"Authentication-Results: mx . (c) house . example; dmarc=pass",
        b'Authentication-Results: " mx.house.example "; dmarc=pass',
        b"Authentication-Results: mx.house.example\x00; dmarc=pass",
        b"Authentication-Results:\xa0mx.house.example; dmarc=pass",
        "Authentication-Results: mx\u200b.house.example; dmarc=pass".encode(),
        "Authentication-Results: \uff4dx\u3002house.example; dmarc=pass".encode(),
        b"Authentication-Results: (mx.house.example; dmarc=pass",
        b"Authentication-Results: ; dmarc=pass",
        b"Authentication-Results:",
    ],
)
def test_a_forged_field_is_removed_in_every_spelling(written: bytes) -> None:
    raw = b"Received: x\r\n" + 3 * (written + b"\r\n") + OTHER + b"\r\nFrom: a@b.example\r\n\r\n" + FORGED + b"\r\n"
    left = b"Received: x\r\n" + OTHER + b"\r\nFrom: a@b.example\r\n\r\n" + FORGED + b"\r\n"
    assert authres.without_ours(raw, "mx.house.example") == left


@pytest.mark.parametrize("own", ["b\u00fccher.example", "xn--bcher-kva.example"])
@pytest.mark.parametrize("forged", ["b\u00fccher.example", "XN--bcher-kva.example", "B\u00dcCHER.example"])
def test_a_forged_field_is_removed_in_u_labels_and_in_a_labels(own: str, forged: str) -> None:
    raw = f"Authentication-Results: {forged}; dmarc=pass\r\nFrom: a@b.example\r\n\r\nx\r\n".encode()
    assert authres.without_ours(raw, own) == b"From: a@b.example\r\n\r\nx\r\n"


@pytest.mark.parametrize(
    "name", ["mx.house.example.org", "smtp.mx.house.example", "xmx.house.example", "house.example", "mx-house.example"]
)
def test_a_field_of_a_name_like_ours_stays(name: str) -> None:
    told = f"Authentication-Results: {name}; spf=pass smtp.mailfrom=mx.house.example\r\n".encode()
    assert authres.without_ours(told + PLAIN, "mx.house.example") == told + PLAIN


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("lines", [(b" ; dmarc=pass header.from=a.example",), (b"\t(", b" x", b" ); dmarc=pass")])
def test_a_line_above_the_first_field_does_not_go_on_with_ours(lines: tuple[bytes, ...], end: bytes) -> None:
    copy = authres.stamped(b"".join(line + end for line in lines) + PLAIN, "dmarc=fail", "mx.house.example")
    assert copy == b"Authentication-Results: mx.house.example;\r\n\tdmarc=fail\r\n" + PLAIN


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_forged_field_behind_a_bare_line_end_is_removed(end: bytes) -> None:
    raw = b"Subject: x" + end + FORGED + b"\r\nFrom: a@b.example\r\n\r\nx\r\n"
    assert authres.without_ours(raw, "mx.house.example") == b"Subject: x" + end + b"From: a@b.example\r\n\r\nx\r\n"


def test_a_forged_field_behind_more_fields_than_we_read_is_removed() -> None:
    many = b"X-A: b\r\n" * (fields.MAX_FIELDS + 10)
    assert authres.without_ours(many + FORGED + b"\r\n\r\nx", "mx.house.example") == many + b"\r\nx"


@pytest.mark.parametrize(
    "header",
    [
        b"Authentication-Results: x; " + b"a\r\n " * 300_000,
        b"Authentication-Results" + b"\r\n " * 400_000 + b": x",
        b" x\r\n" * 300_000 + b"Subject: x",
    ],
    ids=["value", "name", "lines of none"],
)
def test_a_field_without_end_takes_memory_as_it_is_long(header: bytes) -> None:
    raw = header + b"\r\n\r\nbody"
    tracemalloc.start()
    delivered = authres.stamped(raw, "auth=pass", "mx.house.example")
    _, peak_octets = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert delivered.endswith(b"\r\n\r\nbody")
    assert peak_octets < 10 * len(raw)
