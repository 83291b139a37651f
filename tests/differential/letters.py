"""Generated and mutated mails with their senders' DNS: all but keys and times of signing follows from one seed."""

import base64
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gatepost.deliver.seal import seal
from gatepost.deliver.sign import sign as sign_as_we_do
from gatepost.domains.paper import SigningKey
from gatepost.verify.paper import Result
from verify.arrivals import ED25519_RECORD, ED25519_SEED, RSA_PEM, RSA_RECORD, sign

Records = dict[str, dict[str, list[str]]]

_FIELDS = (
    b"From: Boss <boss@a.example>\r\n", b"From: boss@a.example\r\n", b'From: "Boss, the" <boss@sub.a.example>\r\n',
    b"From: Boss\r\n <boss@a.example>\r\n",
)  # fmt: skip
_SUBJECTS = (b"Subject: Budget\r\n", b"Subject:  a \t b\r\n", b"Subject: one\r\n\ttwo\r\n", b"Subject:\r\n x\r\n", b"")
_BODIES = (
    b"Hello.\r\n", b"", b"a  b \r\n\r\n\tc\t\r\n\r\n\r\n", b"\r\n\r\n", b"x" * 400 + b"\r\n", b" \r\n", b"one\r\n" * 40,
)  # fmt: skip
_TERMS = (
    "ip4:192.0.2.0/28", "ip4:198.51.100.7", "ip6:2001:db8::/32", "a", "a/28", "a:b.example", "mx", "mx:b.example/30",
    "include:b.example", "include:none.example", "exists:%{ir}.x.example", "ptr", "redirect=b.example",
    "a:void1.example", "a:void2.example", "a:void3.example", "ip4:300.1.1.1", "include:fail.example", "x=%{d}",
)  # fmt: skip
_POLICIES = (
    "p=none",
    "p=reject",
    "p=quarantine; sp=none",
    "p=reject; adkim=s; aspf=s",
    "p=reject; np=none",
    "p=x",
    "sp=reject",
)
_FOREIGN = (
    "From: Jürgen <boss@a.example>\r\n",
    "From: Jürgen <jürgen@a.example>\r\n",
    "From: 老板 <boss@bücher.example>\r\n",
    "From: boss@xn--bcher-kva.example\r\n",
)
_SEALERS = ("hop1.example", "hop2.example")
_SEALED_AT = datetime(2025, 6, 1, tzinfo=UTC)
_PKCS8 = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
_RSA_DER = load_pem_private_key(RSA_PEM, None).private_bytes(*_PKCS8)
_ED25519_DER = Ed25519PrivateKey.from_private_bytes(base64.b64decode(ED25519_SEED)).private_bytes(*_PKCS8)


def _rsa_key(domain: str) -> SigningKey:
    return SigningKey(domain, "rsa", "rsa-sha256", _RSA_DER)


def _ed25519_key(domain: str) -> SigningKey:
    return SigningKey(domain, "ed", "ed25519-sha256", _ED25519_DER)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, who sent it from where, and what DNS says."""

    seed: int
    raw: bytes
    address: str
    zone: Records
    sender: str = "bob@a.example"
    helo: str = "mail.a.example"


def letter(seed: int) -> Letter:
    """Return the letter of a seed."""
    chance, more = random.Random(seed), random.Random(f"{seed} forwarded or foreign")
    ours = random.Random(f"{seed} signed by the house")
    is_foreign = more.random() < 0.15
    raw = (
        (more.choice(_FOREIGN).encode() if is_foreign else chance.choice(_FIELDS))
        + ("Subject: Überweisung 请\r\n".encode() if is_foreign else chance.choice(_SUBJECTS))
        + b"To: agent@house.example\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\n"
    )
    raw += b"Message-ID: <one@a.example>\r\n\r\n" + chance.choice(_BODIES)
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        canon = "/".join(chance.choices(("simple", "relaxed"), k=2))
        domain = chance.choice(("a.example", "a.example", "sub.a.example", "b.example"))
        domain = "xn--bcher-kva.example" if b"cher" in raw.partition(b"\r\n")[0] else domain
        is_ed25519, has_length = chance.random() < 0.3, chance.random() < 0.1
        if ours.random() < 0.3:
            raw = sign_as_we_do(raw, [_ed25519_key(domain), _rsa_key(domain)], at=datetime.now(UTC))  # noqa: TID251  # the others look at the real clock
        else:
            raw = sign(raw, domain=domain, canon=canon, is_ed25519=is_ed25519, length=has_length)
    for number in range(more.choice((0, 0, 0, 1, 2))):
        raw = _forwarded(raw, number, is_ours=more.random() < 0.5)
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        raw = _mutated(raw, chance)
    address = chance.choice(("192.0.2.1", "192.0.2.20", "198.51.100.7", "2001:db8::1", "203.0.113.9"))
    return Letter(seed, raw, address, _zone(chance, address))


def _forwarded(raw: bytes, number: int, *, is_ours: bool) -> bytes:
    """Return the mail with one more ARC set: by us, or by dkimpy."""
    name = _SEALERS[number]
    results = f"{name}; dmarc=pass header.from=a.example"
    if is_ours:
        return seal(raw, _rsa_key(name), results=results, chain=Result.PASS if number else Result.NONE, at=_SEALED_AT)
    said = f"arc={'pass' if number else 'none'}"
    noted = f"Authentication-Results: {results}; {said}\r\n".encode() + raw
    return b"".join(dkim.arc_sign(noted, b"rsa", name.encode(), RSA_PEM, name.encode())) + noted


def _mutated(raw: bytes, chance: random.Random) -> bytes:
    where = chance.randrange(len(raw))
    match chance.randrange(5):
        case 0:
            return raw[:where] + raw[where + 1 :]
        case 1:
            put = chance.choice((b" ", b"\t", b"x", b";", b"=", b"\r\n ", b":"))
            return raw[:where] + put + raw[where:]
        case 2:
            return raw[:where] + bytes((chance.choice(b"abcXYZ019+/= "),)) + raw[where + 1 :]
        case 3:
            return raw + chance.choice((b"\r\n", b" \r\n", b"\r\n\r\n", b"more\r\n"))
        case _:
            return (
                chance.choice((b"Subject: another\r\n", b"X-New: 1\r\n", b"Received: by x\r\n", b"To: z@z.example\r\n"))
                + raw
            )


def _zone(chance: random.Random, address: str) -> Records:
    zone: Records = {
        "a.example": {"TXT": [_record(chance)], "A": ["192.0.2.17"], "MX": ["10 mx.a.example", "20 b.example"]},
        "b.example": {
            "TXT": [_record(chance)],
            "A": ["203.0.113.9"],
            "AAAA": ["2001:db8::1"],
            "MX": ["5 mx.a.example"],
        },
        "mx.a.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8:1::1"]},
        "fail.example": {"FAIL": []},
        "1.2.0.192.x.example": {"A": ["127.0.0.2"]},
        ip_address(address).reverse_pointer: {"PTR": ["mx.a.example", "b.example"]},
    }
    for domain in ("a.example", "sub.a.example", "b.example", "xn--bcher-kva.example", *_SEALERS):
        zone[f"rsa._domainkey.{domain}"] = {"TXT": [RSA_RECORD]}
        zone[f"ed._domainkey.{domain}"] = {"TXT": [ED25519_RECORD]}
    if chance.random() < 0.8:
        zone["_dmarc.a.example"] = {"TXT": [f"v=DMARC1; {chance.choice(_POLICIES)}"]}
        zone["_dmarc.xn--bcher-kva.example"] = zone["_dmarc.a.example"]
    return zone


def _record(chance: random.Random) -> str:
    terms = [
        term if "=" in term else chance.choice(("", "", "-", "~", "?")) + term
        for term in chance.sample(_TERMS, chance.randint(0, 4))
    ]
    return " ".join(["v=spf1", *terms, chance.choice(("-all", "~all", "?all", "all", ""))]).strip()
