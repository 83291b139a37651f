"""Our ARC sets, verified by dkimpy and by ourselves."""

import base64
from datetime import timedelta

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gatepost.deliver.seal import seal
from gatepost.domains.paper import SigningKey
from gatepost.mail import fields
from gatepost.verify import arc
from gatepost.verify.answers import Answers
from gatepost.verify.paper import Result
from gatepost.verify.signed_data import Body
from outbound import NOW
from zones import ZoneResolver

RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
ZONE = {
    "r1._domainkey.gate.test": "v=DKIM1; k=rsa; p="
    + base64.b64encode(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode(),
    "e1._domainkey.gate.test": "v=DKIM1; k=ed25519; p="
    + base64.b64encode(ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode(),
}
MAIL = (
    b"From: Boss <boss@corp.example>\r\nTo: list@gate.test\r\nSubject: Plans\r\n for  May\r\n"
    b"Date: Fri, 20 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@corp.example>\r\n\r\nHello.  \r\n\r\n\tx\r\n\r\n\r\n"
)
RESULTS = "gate.test; spf=pass smtp.mailfrom=corp.example; dkim=pass header.d=corp.example; dmarc=pass"


def key(private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = RSA) -> SigningKey:
    is_rsa = isinstance(private, rsa.RSAPrivateKey)
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey("gate.test", "r1" if is_rsa else "e1", "rsa-sha256" if is_rsa else "ed25519-sha256", der)


async def ours(raw: bytes) -> Result:
    header = fields.split(raw)
    chain = arc.read(header)
    known = Answers(ZoneResolver({name: {"TXT": [text]} for name, text in ZONE.items()}))
    keys = await known.settle(lambda: arc.keys_of(known, chain))
    return arc.judge(header, Body(raw[header.body_start :]), chain, keys, NOW, None).result


def theirs(raw: bytes) -> bytes:
    end, _, _ = dkim.arc_verify(raw, dnsfunc=lambda name, **_: ZONE[name.decode().rstrip(".")].encode())
    return bytes(end)


def sealed(raw: bytes, times: int) -> bytes:
    for at in range(times):
        raw = seal(
            raw, key(), results=RESULTS, chain=Result.PASS if at else Result.NONE, at=NOW + timedelta(minutes=at)
        )
    return raw


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_dkimpy_and_we_verify_chains_of_our_sets(times: int) -> None:
    raw = sealed(MAIL, times)
    assert raw.endswith(MAIL)
    assert theirs(raw) == b"pass"
    assert await ours(raw) is Result.PASS


ODD = {
    "no From": b"Subject: x\r\n\r\nx\r\n",
    "no header": b"\r\nbody\r\n",
    "no body": b"From: a@corp.example\r\n\r\n",
    "no last line end": MAIL + b"last line",
    "a body of blanks": b"From: a@corp.example\r\n\r\n \r\n\t\r\n\r\n",
    "octets above ASCII": b"From: J\xc3\xbcrgen <a@corp.example>\r\nSubject: \xfc\xff\r\n\r\nx\0\r\n",
    "twice From and Subject": b"From: a@corp.example\r\nFrom: b@corp.example\r\nSubject: 1\r\nSubject: 2\r\n\r\nx\r\n",
    "values on later lines": b"From:\r\n\ta@corp.example\t\r\nSubject:\r\n x\r\n  y\r\nTo: \r\n\r\nx\r\n",
    "names in capitals": b"FROM: a@corp.example\r\nSUBJECT: X\r\n\r\nx\r\n",
    "an mbox line": b"From a@corp.example Mon\r\nFrom: a@corp.example\r\nSubject: x\r\n\r\nx\r\n",
}


@pytest.mark.parametrize("name", ODD)
async def test_dkimpy_and_we_verify_seals_of_odd_messages(name: str) -> None:
    raw = sealed(ODD[name], 2)
    assert theirs(raw) == b"pass"
    assert await ours(raw) is Result.PASS


async def test_a_from_field_added_to_a_message_without_one_breaks_the_seal() -> None:
    raw = b"From: boss@corp.example\r\n" + sealed(ODD["no From"], 1)
    assert theirs(raw) == b"fail"
    assert await ours(raw) is Result.FAIL


async def test_an_ed25519_seal_verifies() -> None:
    raw = seal(MAIL, key(ED), results=RESULTS, chain=Result.NONE, at=NOW)
    assert await ours(raw) is Result.PASS


@pytest.mark.parametrize("change", [(b"Hello", b"HellO"), (b"Plans", b"Plots"), (b"spf=pass", b"spf=fail")])
async def test_whatever_is_changed_below_a_seal_breaks_the_chain(change: tuple[bytes, bytes]) -> None:
    raw = sealed(MAIL, 2).replace(*change, 1)
    assert theirs(raw) == b"fail"
    assert await ours(raw) is Result.FAIL


async def test_after_a_failed_chain_one_set_says_so_and_no_other_follows() -> None:
    broken = sealed(MAIL, 2).replace(b"Hello", b"HellO")
    told = seal(broken, key(), results=RESULTS, chain=Result.FAIL, at=NOW)
    assert b"cv=fail" in fields.split(told).all(b"arc-seal")[0].raw
    assert b"i=3" in fields.split(told).all(b"arc-seal")[0].raw
    assert seal(told, key(), results=RESULTS, chain=Result.FAIL, at=NOW) == told


def test_a_chain_that_dns_kept_from_us_is_not_sealed() -> None:
    raw = sealed(MAIL, 1)
    assert seal(raw, key(), results=RESULTS, chain=Result.TEMPERROR, at=NOW) == raw


def test_the_fiftieth_set_is_the_last() -> None:
    raw = sealed(MAIL, 50)
    assert len(fields.split(raw).all(b"arc-seal")) == 50
    assert seal(raw, key(), results=RESULTS, chain=Result.PASS, at=NOW) == raw


def test_no_line_of_a_set_is_longer_than_the_standard_allows() -> None:
    long = "gate.test; " + "; ".join(f"dkim=pass header.d=d{at}.corp.example" for at in range(200))
    raw = seal(
        b"Received: x\r\n" * 500 + b"List-Id: y\r\n" * 200 + MAIL, key(), results=long, chain=Result.NONE, at=NOW
    )
    assert theirs(raw) == b"pass"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
