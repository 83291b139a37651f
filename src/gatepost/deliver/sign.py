"""DKIM signatures on what leaves the house (RFC 6376, RFC 8463): relaxed/relaxed, RSA and Ed25519 side by side."""

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import wrap

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from gatepost.domains.paper import SigningKey

LIFETIME = timedelta(days=7)
"""How long a signature says it holds (x=): the queue gives up after five days."""

SIGNED_FIELDS = (
    b"from",
    b"reply-to",
    b"subject",
    b"date",
    b"to",
    b"cc",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"auto-submitted",
    b"resent-date",
    b"resent-from",
    b"resent-to",
    b"resent-cc",
    b"list-id",
    b"list-help",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"list-subscribe",
    b"list-post",
    b"list-owner",
    b"list-archive",
)
"""RFC 6376 section 5.4.1, and the fields that say how the body is to be read."""

_LINE_OCTETS = 72


def sign(raw: bytes, keys: Sequence[SigningKey], *, at: datetime) -> bytes:
    """Return ``raw`` with one DKIM-Signature per key in front.

    From is signed once more than it occurs, so that a second From breaks the signature (RFC 6376 section 8.15).

    Args:
        raw: a message with CRLF lines.
        keys: of the author's domain.
        at: aware UTC time of signing.
    """
    header, _, body = raw.partition(b"\r\n\r\n")
    fields = _split_fields(header)
    body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest())
    return b"".join(_signature(key, fields, body_hash, at) for key in keys) + raw


def _signature(key: SigningKey, fields: list[tuple[bytes, bytes]], body_hash: bytes, at: datetime) -> bytes:
    chosen = _choose(fields)
    names = [name for name, _ in chosen] + [b"from"]
    lines = (
        f" v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};",
        f"s={key.selector}; t={int(at.timestamp())}; x={int((at + LIFETIME).timestamp())};",
        *wrap("h=" + ": ".join(name.decode("ascii") for name in names) + ";", _LINE_OCTETS, break_on_hyphens=False),
        f"bh={body_hash.decode('ascii')};",
        "b=",
    )
    value = "\r\n ".join(lines).encode("ascii")
    own = b"dkim-signature:" + _relaxed_value(value)  # signed without its final CRLF (RFC 6376 section 3.7)
    signed = b"".join(name + b":" + _relaxed_value(text) + b"\r\n" for name, text in chosen) + own
    signature = base64.b64encode(_sign_octets(key, signed))
    chunks = [signature[start : start + _LINE_OCTETS] for start in range(0, len(signature), _LINE_OCTETS)]
    return b"DKIM-Signature:" + value + b"\r\n ".join([b"", *chunks]) + b"\r\n"


def _sign_octets(key: SigningKey, octets: bytes) -> bytes:
    private = load_der_private_key(key.private_der, password=None)
    match private:
        case rsa.RSAPrivateKey():
            return private.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        case ed25519.Ed25519PrivateKey():
            return private.sign(hashlib.sha256(octets).digest())  # RFC 8463 section 3
        case _:
            raise ValueError(f"a {key.algorithm} key cannot sign mail")


def _choose(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the fields to sign, each name's occurrences from the last upwards (RFC 6376 section 5.4.2)."""
    wanted = set(SIGNED_FIELDS)
    return [(name, value) for name, value in reversed(fields) if name in wanted]


def _split_fields(header: bytes) -> list[tuple[bytes, bytes]]:
    """Return (lowercase name, folded value) of each field."""
    fields = re.split(rb"\r\n(?![ \t])", header)
    pairs = (field.partition(b":") for field in fields)
    return [(name.rstrip(b" \t").lower(), value) for name, _, value in pairs]


def _relaxed_value(value: bytes) -> bytes:
    """RFC 6376 section 3.4.2, for one field's value."""
    return re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _relaxed_body(body: bytes) -> bytes:
    """RFC 6376 section 3.4.4: runs of blanks become one, blanks before a line end and empty lines at the end go."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
