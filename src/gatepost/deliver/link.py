"""The link by which one person may rule on one hold, once: signed, and of no use to anybody else's hold. Pure.

``base64url(claims) "." base64url(HMAC-SHA256)``. We alone read it, so a shared key is enough. It is good for one ruling
because a hold takes one ruling; whoever only opens it, such as a mail scanner, changes nothing.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from gatepost.ids import HoldId, PersonId, TenantId
from gatepost.keys import Keyring

PATH = "/approve"
PURPOSE = "hold-link"
TOKEN_MAX_CHARS = 512


@dataclass(frozen=True, slots=True)
class Link:
    """Who may rule on what, until when."""

    tenant: TenantId
    hold: HoldId
    person: PersonId
    expires_at: datetime


def sign(link: Link, keyring: Keyring) -> str:
    """Return the link's token: the same link gives the same token, so a mail sent twice holds one link."""
    return sealed([link.tenant, link.hold, link.person, int(link.expires_at.timestamp())], keyring, PURPOSE)


def read(token: str, keyring: Keyring, *, now: datetime) -> Link | None:
    """Return the link a token stands for; None where it is none of ours, or too old."""
    claims = opened(token, keyring, PURPOSE)
    if claims is None:
        return None
    tenant, hold, person, until = claims
    link = Link(TenantId(tenant), HoldId(hold), PersonId(person), datetime.fromtimestamp(until, UTC))
    return link if now < link.expires_at else None


def sealed(claims: Sequence[str | int], keyring: Keyring, purpose: str) -> str:
    """Return claims that nobody but this house can write."""
    octets = orjson.dumps(claims)
    return f"{_spell(octets)}.{_spell(_tag(octets, keyring, purpose))}"


def opened(token: str, keyring: Keyring, purpose: str) -> list[Any] | None:
    """Return the claims of a token; None where this house did not write it for this purpose."""
    claims, _, tag = token.partition(".")
    if len(token) > TOKEN_MAX_CHARS or not token.isascii():
        return None
    try:
        octets, found = _octets(claims), _octets(tag)
    except binascii.Error:
        return None
    if not hmac.compare_digest(_tag(octets, keyring, purpose), found):
        return None
    claimed: list[Any] = orjson.loads(octets)
    return claimed


def _tag(claims: bytes, keyring: Keyring, purpose: str) -> bytes:
    return hmac.digest(keyring.derive(purpose), claims, "sha256")


def _spell(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _octets(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
