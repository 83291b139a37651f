"""DKIM keys of our own domains: made here, signed with in ``deliver``.

Two per domain: RSA-2048, which every verifier understands (RFC 8301), and Ed25519 (RFC 8463), which is short and fast
and which some verifiers still pass over.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gatepost.clock import Entropy

_RSA_BITS = 2048
_RSA_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A key pair just made.

    Attributes:
        private_der: PKCS #8 DER.
        public_text: what its TXT record says (RFC 6376 section 3.6.1).
    """

    selector: str
    algorithm: str
    private_der: bytes = field(repr=False)
    public_text: str


def make_rsa(at: datetime) -> FreshKey:
    """Make an RSA key; takes tens of milliseconds to seconds, so not on the event loop.

    OpenSSL searches the primes with its own generator: this is the one secret whose randomness is not handed in.
    """
    key = generate_private_key(_RSA_EXPONENT, _RSA_BITS)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return FreshKey(f"gp{at.year}r", "rsa-sha256", private, f"v=DKIM1; k=rsa; p={_base64(public)}")


def make_ed25519(at: datetime, entropy: Entropy) -> FreshKey:
    """Make an Ed25519 key. Its record holds the bare 32 octets (RFC 8463 section 4)."""
    key = Ed25519PrivateKey.from_private_bytes(entropy(32))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return FreshKey(f"gp{at.year}e", "ed25519-sha256", private, f"v=DKIM1; k=ed25519; p={_base64(public)}")


def purpose(domain: str, selector: str) -> str:
    """Return what a DKIM key is wrapped for, so that a row moved to another domain does not open."""
    return f"dkim/{selector}._domainkey.{domain}"


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
