"""Mails and keys for the tests of this room: signed by dkimpy, so that our verifier is not its own judge."""

import base64
import hashlib
from datetime import UTC, datetime
from ipaddress import ip_address

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatepost.arrive.paper import Arrived, Peer
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, BlobId, EmailId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PEER = "192.0.2.7"

PLAIN = (
    b"From: Boss <boss@corp.example>\r\n"
    b"To: agent@house.example\r\n"
    b"Subject: Budget\r\n"
    b"Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <one@corp.example>\r\n"
    b"\r\n"
    b"Please send me the  numbers. \r\n"
    b"\r\n"
    b"Boss\t\r\n"
    b"\r\n\r\n"
)

_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))  # its record stands in names of tests: not drawn

RSA_PEM = _RSA.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
ED25519_SEED = base64.b64encode(
    _ED25519.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
)
RSA_RECORD = (
    "v=DKIM1; k=rsa; p="
    + base64.b64encode(
        _RSA.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()
)
ED25519_RECORD = (
    "v=DKIM1; k=ed25519; p="
    + base64.b64encode(
        _ED25519.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    ).decode()
)


def sign(
    raw: bytes,
    *,
    domain: str = "corp.example",
    canon: str = "relaxed/relaxed",
    is_ed25519: bool = False,
    length: bool = False,
) -> bytes:
    """Return the mail with a DKIM-Signature that dkimpy made on top."""
    header, body = canon.split("/")
    selector = b"ed" if is_ed25519 else b"rsa"
    signature: bytes = dkim.sign(
        raw,
        selector,
        domain.encode(),
        ED25519_SEED if is_ed25519 else RSA_PEM,
        canonicalize=(header.encode(), body.encode()),
        signature_algorithm=b"ed25519-sha256" if is_ed25519 else b"rsa-sha256",
        length=length,
    )
    return signature + raw


def keys(domain: str = "corp.example") -> dict[str, dict[str, list[str]]]:
    """Return the zone that publishes both keys."""
    return {
        f"rsa._domainkey.{domain}": {"TXT": [RSA_RECORD]},
        f"ed._domainkey.{domain}": {"TXT": [ED25519_RECORD]},
    }


def arrival(
    raw: bytes,
    *,
    mail_from: str | None = "boss@corp.example",
    helo: str = "mail.corp.example",
    address: str = PEER,
    at: datetime = NOW,
) -> Arrived:
    """Write the paper of a mail from a stranger."""
    return Arrived.by_smtp(
        email=EmailId("em_test"),
        destination=Destination(TenantId("tn_test"), AccountId(1)),
        envelope=Envelope(Address.parse(mail_from) if mail_from else None, (Address.parse("agent@house.example"),)),
        peer=Peer(ip_address(address), helo, None),
        raw=raw,
        blob=BlobId(hashlib.sha256(raw).hexdigest()),
        received_at=at,
    )
