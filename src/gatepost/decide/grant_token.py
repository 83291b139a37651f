"""A grant that travels: signed, expiring, bound to its message (docs/adr/0034). Pure.

A JSON Web Signature in compact form (RFC 7515) with one fixed header: a verifier that compares the header octet by
octet has no algorithm to be talked into (RFC 8725 section 3.1). Its key is the tenant's alone, drawn from the house's
keyring. The rows are what counts: whether a grant was revoked since, no token tells.
"""

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatepost.decide.grants import Grant, GrantError, Refusal
from gatepost.decide.paper import TokenBudget
from gatepost.ids import AccountId, EmailId, TenantId, ThreadId
from gatepost.keys import Keyring

TOKEN_MAX_CHARS = 32_768
_HEADER = b'{"alg":"Ed25519","typ":"gatepost-grant+jwt"}'  # RFC 9864 section 2.2; RFC 8725 section 3.11


def token_key(keyring: Keyring, tenant: TenantId) -> Ed25519PrivateKey:
    """Return the key that signs this tenant's tokens."""
    return Ed25519PrivateKey.from_private_bytes(keyring.derive(f"grant-token/{tenant}"))


def sign_token(grant: Grant, key: Ed25519PrivateKey) -> str:
    """Return the grant as a token: the same grant gives the same token."""
    claims = {
        "key": name_of(key.public_key()),
        "tenant": grant.tenant,
        "account": grant.account,
        "sub": grant.message,
        "thread": grant.thread,
        "sender": grant.sender,
        "rule": grant.rule,
        "policy_version": grant.policy_version,
        "capabilities": grant.capabilities,
        "limits": grant.limits.as_list(),
        "iat": int(grant.issued_at.timestamp()),
        "exp": int(grant.expires_at.timestamp()),
    }
    signed = b".".join((_spell(_HEADER), _spell(orjson.dumps(claims))))
    return b".".join((signed, _spell(key.sign(signed)))).decode("ascii")


def name_of(key: Ed25519PublicKey) -> str:
    """Return what a token calls the key that signed it, so that one of an older key is told from a forged one."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def verify_token(text: str, key: Ed25519PublicKey, *, tenant: TenantId, now: datetime) -> Grant:
    """Return the grant a token carries, as it was issued: whether it was revoked since, only ``redeem`` knows.

    Raises:
        GrantError: it is no token of this tenant's, or expired.
    """
    parts = text.encode("utf-8", "replace").split(b".") if len(text) <= TOKEN_MAX_CHARS else []
    if len(parts) != 3 or parts[0] != _spell(_HEADER):  # noqa: PLR2004  # header, payload, signature
        raise GrantError(Refusal.INVALID)
    try:
        claims = orjson.loads(_read(parts[1]))
        grant, signer = _grant(claims), claims["key"]
    except (ValueError, KeyError, TypeError, OverflowError):
        raise GrantError(Refusal.INVALID) from None
    try:
        key.verify(_read(parts[2]), b".".join(parts[:2]))
    except (InvalidSignature, ValueError):  # whatever it claims is nobody's word: it only tells how it is refused
        is_ours, is_of_key = grant.tenant == tenant, signer == name_of(key)
        reason = Refusal.INVALID if is_of_key else Refusal.OTHER_KEY if is_ours else Refusal.OTHER_TENANT
        raise GrantError(reason) from None
    if grant.tenant != tenant:
        raise GrantError(Refusal.OTHER_TENANT)
    if grant.expires_at <= now:
        raise GrantError(Refusal.EXPIRED)
    return grant


def _spell(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def _read(part: bytes) -> bytes:
    """Read base64url without padding in its one canonical spelling; raises ``ValueError`` for any other."""
    try:
        octets = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if _spell(octets) != part:
        raise ValueError("not canonical base64url")
    return octets


def _grant(claims: Any) -> Grant:
    return Grant(
        tenant=TenantId(claims["tenant"]),
        account=AccountId(claims["account"]),
        message=EmailId(claims["sub"]),
        thread=ThreadId(claims["thread"]),
        sender=claims["sender"],
        rule=claims["rule"],
        policy_version=claims["policy_version"],
        capabilities=tuple(claims["capabilities"]),
        limits=TokenBudget(*claims["limits"]),
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )
