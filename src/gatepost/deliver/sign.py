"""DKIM signatures on what leaves the house (RFC 6376, RFC 8463): relaxed/relaxed, RSA and Ed25519 side by side."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import wrap

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from gatepost.domains.paper import SigningKey
from gatepost.mail.canonical import Canon, body, header_field
from gatepost.mail.fields import split

LIFETIME = timedelta(days=7)
"""How long a signature says it holds (x=): the queue gives up after five days."""

SIGNED_FIELDS = frozenset(
    {
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
    }
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
    header = split(raw)
    chosen = [field for field in reversed(header.fields) if field.name in SIGNED_FIELDS]
    names = [field.name.decode("ascii") for field in chosen] + ["from"]
    lines = b"".join(header_field(field.raw, Canon.RELAXED) + b"\r\n" for field in chosen)
    body_hash = base64.b64encode(hashlib.sha256(body(raw[header.body_start :], Canon.RELAXED)).digest()).decode("ascii")
    return b"".join(_signature(key, names, lines, body_hash, at) for key in keys) + raw


def _signature(key: SigningKey, names: list[str], lines: bytes, body_hash: str, at: datetime) -> bytes:
    """Return one DKIM-Signature over ``lines``: the fields ``names`` in canonical form, last occurrence first."""
    tags = (
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};",
        f"s={key.selector}; t={int(at.timestamp())}; x={int((at + LIFETIME).timestamp())};",
        *wrap("h=" + ": ".join(names) + ";", _LINE_OCTETS, break_on_hyphens=False),
        f"bh={body_hash};",
        "b=",
    )
    field = "\r\n ".join(tags).encode("ascii")
    own = header_field(field, Canon.RELAXED)  # signed without its final CRLF (RFC 6376 section 3.7)
    signature = base64.b64encode(sign_octets(key, lines + own))
    chunks = [signature[start : start + _LINE_OCTETS] for start in range(0, len(signature), _LINE_OCTETS)]
    return field + b"\r\n ".join([b"", *chunks]) + b"\r\n"


def sign_octets(key: SigningKey, octets: bytes) -> bytes:
    """Return the key's signature over SHA-256 of ``octets``.

    Raises:
        ValueError: it is of a kind that signs no mail.
    """
    private = load_der_private_key(key.private_der, password=None, unsafe_skip_rsa_key_validation=True)
    match private:
        case rsa.RSAPrivateKey():
            return private.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        case ed25519.Ed25519PrivateKey():
            return private.sign(hashlib.sha256(octets).digest())  # RFC 8463 section 3
        case _:
            raise ValueError(f"a {key.algorithm} key cannot sign mail")
