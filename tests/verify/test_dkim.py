import random
from datetime import UTC, datetime, timedelta

import dkim as dkimpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.mail import fields
from gatepost.verify import dkim
from gatepost.verify.answers import Answers
from gatepost.verify.paper import DkimVerdict, Result
from gatepost.verify.signed_data import Body
from verify import arrivals
from verify.arrivals import NOW, PLAIN, keys, sign
from zones import Zone, ZoneResolver

SEED = 20261120
ROUNDS = 150
WEAK_RECORD = (
    "v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALgSoqXVSEmfcIsOzw7oRuCCOwsmtX/SJnTWxYyj2leFxfS/AVJ+"
    "dYfY+hXqMsT7l+MZvvh/R1WzN4MO/kI/7XsCAwEAAQ=="
)


async def verdicts(raw: bytes, zone: Zone | None = None, now: datetime = NOW) -> tuple[DkimVerdict, ...]:
    header = fields.split(raw)
    claims = dkim.read(header)
    known = Answers(ZoneResolver(keys() if zone is None else zone))
    found = await known.settle(lambda: dkim.keys_of(known, claims))
    return dkim.judge(header, Body(raw[header.body_start :]), claims, found, now)


def dkimpy_passes(raw: bytes) -> bool:
    def published(name: bytes, timeout: int = 5) -> bytes:  # noqa: ARG001  # dkimpy's signature
        record = keys().get(name.decode().rstrip("."))
        return record["TXT"][0].encode() if record else b""

    try:
        return bool(dkimpy.verify(raw, dnsfunc=published))
    except (dkimpy.DKIMException, ValueError):  # what it raises for broken base64 is not its own
        return False


@pytest.mark.parametrize("canon", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
@pytest.mark.parametrize("is_ed25519", [True, False])
async def test_what_dkimpy_signs_passes(canon: str, is_ed25519: bool) -> None:  # noqa: FBT001  # parametrised
    (verdict,) = await verdicts(sign(PLAIN, canon=canon, is_ed25519=is_ed25519))
    assert verdict.result is Result.PASS
    assert verdict.algorithm == ("ed25519-sha256" if is_ed25519 else "rsa-sha256")


@pytest.mark.parametrize("at", range(ROUNDS))
async def test_mutated_mails_get_the_verdict_dkimpy_gives(at: int) -> None:
    chance = random.Random(SEED + at)  # the seed of a failure is in the test's name
    canon = chance.choice(["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
    raw = bytearray(sign(PLAIN, canon=canon, is_ed25519=chance.random() < 0.3))
    for _ in range(chance.randint(1, 2)):
        where = chance.randrange(len(raw))
        match chance.randrange(4):
            case 0:
                raw[where : where + 1] = b""
            case 1:
                raw[where:where] = chance.choice([b" ", b"\t", b"x", b";", b"=", b"\r\n ", b"\r\n"])
            case 2:
                raw[where] = chance.choice(b"abcXYZ019+/= ")
            case _:
                raw += chance.choice([b"\r\n", b" \r\n", b"\r\n\r\n", b"more\r\n"])
    mail = bytes(raw)
    header = fields.split(mail)
    ours = {one.result for one in await verdicts(mail)}
    if header.is_malformed or mail.count(b"\r\n") != mail.count(b"\n"):
        return  # dkimpy refuses such headers, and takes a bare LF for CRLF; SMTP carries none (RFC 5321 section 2.3.8)
    assert (Result.PASS in ours) == dkimpy_passes(mail), (SEED + at, mail)


async def test_every_signature_is_reported_in_header_order() -> None:
    raw = sign(sign(PLAIN), is_ed25519=True)
    broken = raw.replace(b"v=1; a=rsa-sha256", b"v=2; a=rsa-sha256")
    assert [one.algorithm for one in await verdicts(raw)] == ["ed25519-sha256", "rsa-sha256"]
    assert [one.result for one in await verdicts(broken)] == [Result.PASS, Result.NEUTRAL]


async def test_signatures_beyond_the_limit_are_named_but_not_tried() -> None:
    raw = b"DKIM-Signature: v=1; d=x.example\r\n" * dkim.MAX_SIGNATURES + sign(PLAIN)
    found = await verdicts(raw)
    assert len(found) == dkim.MAX_SIGNATURES + 1
    assert Result.PASS not in {one.result for one in found}
    assert "not tried" in found[-1].reason


async def test_a_signature_is_judged_by_the_arrivals_clock() -> None:
    raw = sign(PLAIN)
    expired = raw.replace(b" s=rsa;", b" s=rsa; x=4000000000;")
    late = datetime.fromtimestamp(4000000001, tz=UTC)
    assert (await verdicts(expired, now=late))[0].reason == "the signature has expired"
    assert "header" in (await verdicts(expired, now=late - timedelta(days=1)))[0].reason


async def test_an_oversigned_field_may_not_be_added() -> None:
    raw = sign(PLAIN)
    assert b"subject" in raw.split(b"bh=")[0].lower()
    added = raw.replace(b"Message-ID", b"From: x@y.example\r\nMessage-ID", 1)
    assert (await verdicts(added))[0].result is Result.FAIL


async def test_a_dns_failure_is_no_fail_and_no_key_is_no_temporary_error() -> None:
    raw = sign(PLAIN)
    assert (await verdicts(raw, {"rsa._domainkey.corp.example": {"FAIL": []}}))[0].result is Result.TEMPERROR
    assert (await verdicts(raw, {}))[0].result is Result.PERMERROR


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("v=DKIM1; p=", "revoked"),
        (arrivals.RSA_RECORD.replace("k=rsa", "k=rsa; t=s"), ""),
        (arrivals.RSA_RECORD.replace("k=rsa", "k=rsa; h=sha1"), "SHA-256"),
        (arrivals.RSA_RECORD.replace("k=rsa", "k=rsa; s=chat"), "email"),
        (arrivals.ED25519_RECORD, "another kind"),
            ],
)  # fmt: skip
async def test_the_key_record_has_the_last_word(record: str, reason: str) -> None:
    (verdict,) = await verdicts(sign(PLAIN), {"rsa._domainkey.corp.example": {"TXT": [record]}})
    assert reason in verdict.reason
    assert (verdict.result is Result.PASS) == (not reason)


async def test_a_strict_key_refuses_a_user_in_a_subdomain() -> None:
    record = arrivals.RSA_RECORD.replace("k=rsa", "k=rsa; t=s")
    raw = sign(PLAIN).replace(b"i=@corp.example", b"i=@sub.corp.example")
    (verdict,) = await verdicts(raw, {"rsa._domainkey.corp.example": {"TXT": [record]}})
    assert "i= and d=" in verdict.reason


async def test_rsa_sha1_never_passes() -> None:
    (verdict,) = await verdicts(sign(PLAIN).replace(b"a=rsa-sha256", b"a=rsa-sha1"))
    assert verdict.result is Result.PERMERROR
    assert "8301" in verdict.reason


@settings(max_examples=150)
@given(st.text("vabhcdsilxtq=;:,. \t1-/@é\r\n", max_size=120))
async def test_no_signature_text_raises(text: str) -> None:
    raw = b"DKIM-Signature: " + text.encode() + b"\r\n" + PLAIN
    assert Result.PASS not in {one.result for one in await verdicts(raw)}
