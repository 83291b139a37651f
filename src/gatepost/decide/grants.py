"""What a message lets the agent do: a grant, its signed token, and what a whole thread leaves of it (docs/adr/0034).

The token is a JSON Web Signature in compact form (RFC 7515) with one fixed header: a verifier that compares the header
octet by octet has no algorithm to be talked into (RFC 8725 section 3.1). Its key is the tenant's alone, drawn from the
house's keyring. A client that sends no token is looked up by its message: the rows are what counts, and a token is only
a message's grant that travels.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatepost.db import Transaction
from gatepost.decide import capabilities, grant_store
from gatepost.decide.grant_store import Issued
from gatepost.decide.paper import Decided, TokenBudget
from gatepost.ids import AccountId, EmailId, KeyId, TenantId, ThreadId
from gatepost.keys import Keyring

LASTS = timedelta(days=30)
"""How long after its message a grant counts."""

TOKEN_MAX_CHARS = 32_768
_HEADER = b'{"alg":"Ed25519","typ":"gatepost-grant+jwt"}'  # RFC 9864 section 2.2; RFC 8725 section 3.11


class Refusal(StrEnum):
    """Why a grant does not let an act happen: ``subject.fact``, stable for ever."""

    INVALID = "grant.invalid"
    MISSING = "grant.missing"
    EXPIRED = "grant.expired"
    REVOKED = "grant.revoked"
    FOREIGN = "grant.foreign"
    NOT_GRANTED = "capability.not_granted"


class GrantError(Exception):
    """The act is not granted; ``reason`` says why, ``wanted`` names the capability that was needed, if one was."""

    def __init__(self, reason: Refusal, wanted: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.wanted = wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one message lets the agent do.

    Attributes:
        sender: the author's address key (``Address.key``).
        rule: the index of the rule that let the message in, from 0.
        capabilities: in their policy's words; what ``deliver`` implies is not among them.
        limits: how many tokens may be spent.
    """

    tenant: TenantId
    account: AccountId
    message: EmailId
    thread: ThreadId
    sender: str
    rule: int
    policy_version: int
    capabilities: tuple[str, ...]
    limits: TokenBudget
    issued_at: datetime
    expires_at: datetime

    def allows(self, capability: str) -> bool:
        """Return whether the capability is granted or implied; says nothing of expiry."""
        return capabilities.allows(self.capabilities, capability)


def effective(grants: Sequence[Grant]) -> Grant:
    """Return the last grant, narrowed by each of the others: the intersection of capabilities, the minimum of limits.

    Pass a thread's grants with the message that is worked on last: whatever else the agent reads in the thread was
    written by somebody, and what that one may not ask for, nobody in the thread may.
    """
    *others, own = grants
    for other in others:
        own = replace(
            own,
            capabilities=capabilities.common(own.capabilities, other.capabilities),
            limits=own.limits.tightened(other.limits),
        )
    return own


# The token.


def token_key(keyring: Keyring, tenant: TenantId) -> Ed25519PrivateKey:
    """Return the key that signs this tenant's tokens."""
    return Ed25519PrivateKey.from_private_bytes(keyring.derive(f"grant-token/{tenant}"))


def sign_token(grant: Grant, key: Ed25519PrivateKey) -> str:
    """Return the grant as a token: the same grant gives the same token."""
    claims = {
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


def verify_token(text: str, key: Ed25519PublicKey, *, tenant: TenantId, now: datetime) -> Grant:
    """Return the grant a token carries, as it was issued: whether it was revoked since, only ``redeem`` knows.

    Raises:
        GrantError: it is no token of this tenant's, or expired.
    """
    parts = text.encode("utf-8", "replace").split(b".") if len(text) <= TOKEN_MAX_CHARS else []
    if len(parts) != 3 or parts[0] != _spell(_HEADER):  # noqa: PLR2004  # header, payload, signature
        raise GrantError(Refusal.INVALID)
    try:
        key.verify(_read(parts[2]), b".".join(parts[:2]))
        grant = _grant(_read(parts[1]))
    except (InvalidSignature, ValueError, KeyError, TypeError, OverflowError):
        raise GrantError(Refusal.INVALID) from None
    if grant.tenant != tenant:
        raise GrantError(Refusal.INVALID)
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


def _grant(payload: bytes) -> Grant:
    claims = orjson.loads(payload)
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


# At rest.


def issue_all(tx: Transaction, kept: Sequence[tuple[Decided, ThreadId]]) -> None:
    """Write the grants of messages that a rule let in, with the commit."""
    issued = []
    for decided, thread in kept:
        granted, author = decided.decision.grant, decided.verified.evidence.author
        if granted is None or author is None:
            continue
        at = decided.arrived.received_at
        issued.append(
            Issued(
                account=decided.arrived.account,
                email=decided.arrived.email,
                thread=thread,
                sender=author.key,
                rule=granted.rule_index,
                policy_version=decided.decision.policy_version,
                capabilities=granted.capabilities,
                budget=granted.budget,
                issued_at=at,
                expires_at=at + LASTS,
                subject=decided.verified.subject,
            )
        )
    if issued:
        grant_store.add(tx, issued)


async def of_message(tx: Transaction, account: AccountId, message: EmailId, *, now: datetime) -> Grant:
    """Return what counts for a message now: its own grant, narrowed by its thread's.

    Raises:
        GrantError: it has none, or it has expired, or its policy was revoked.
    """
    rows = await grant_store.of_thread(tx, account, message)
    own = next((row for row in rows if row.email == message), None)
    if own is None:
        raise GrantError(Refusal.MISSING)
    if own.is_revoked:
        raise GrantError(Refusal.REVOKED)
    if own.expires_at <= now:
        raise GrantError(Refusal.EXPIRED)
    others = [_of_row(tx.tenant, row) for row in rows if row.email != message]
    return effective([*others, _of_row(tx.tenant, own)])


async def redeem(tx: Transaction, text: str, key: Ed25519PublicKey, *, account: AccountId, now: datetime) -> Grant:
    """Return what a token counts for now: no more than it says, and no more than its message's grant does by now.

    Raises:
        GrantError: it is no token of this tenant's for this account, or expired, or its policy was revoked.
    """
    carried = verify_token(text, key, tenant=tx.tenant, now=now)
    if carried.account != account:
        raise GrantError(Refusal.FOREIGN)
    return effective([carried, await of_message(tx, account, carried.message, now=now)])


async def revoke(tx: Transaction, account: AccountId, version: int, *, at: datetime, actor: KeyId) -> bool:
    """Revoke the grants of one policy version, for ever; False where they were revoked already."""
    return await grant_store.revoke(tx, account, version, at=at, actor=actor)


def _of_row(tenant: TenantId, row: Issued) -> Grant:
    return Grant(
        tenant=tenant,
        account=row.account,
        message=row.email,
        thread=row.thread,
        sender=row.sender,
        rule=row.rule,
        policy_version=row.policy_version,
        capabilities=row.capabilities,
        limits=row.budget,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )
