"""Checking that a webhook is your house's, and reading it: Standard Webhooks 1.0.0, ``v1`` (HMAC-SHA-256)."""

import base64
import binascii
import hmac
import time
from collections.abc import Mapping, Sequence

import msgspec

from gatepost_client.errors import SignatureError
from gatepost_client.shapes import Event

TOLERANCE_S = 300
_PREFIX = "whsec_"
_SIGNATURES_MAX = 16


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    tolerance_s: int = TOLERANCE_S,
    now: float | None = None,
) -> Event:
    """Return the event a webhook tells, once it is proven to be your house's and new.

    An event may come more than once: remember ``event.id`` and pass over what you have seen.

    Args:
        body: the request's octets as received, before any parsing.
        headers: the request's; their names in any case.
        secrets: ``secret`` (64 hex characters) or ``standard_secret`` (``whsec_...``); several while one is replaced.
        tolerance_s: how far the timestamp may be from now.
        now: seconds since 1970; None for this machine's clock.

    Raises:
        SignatureError: it is not signed with any of the secrets, too old, or not an event.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    identifier, stamp = fields.get("webhook-id", ""), fields.get("webhook-timestamp", "")
    if not (identifier and stamp.isascii() and stamp.isdigit()):
        raise SignatureError("webhook-id or webhook-timestamp is missing")
    if abs((time.time() if now is None else now) - int(stamp[:15])) > tolerance_s:
        raise SignatureError("the timestamp is too far from now")
    signed = f"{identifier}.{stamp}.".encode() + body
    offered = [each[3:] for each in fields.get("webhook-signature", "").split(" ") if each.startswith("v1,")]
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        wanted = base64.b64encode(hmac.digest(_octets(secret), signed, "sha256")).decode()
        if any(hmac.compare_digest(wanted.encode(), each.encode()) for each in offered[:_SIGNATURES_MAX]):
            return _event(body)
    raise SignatureError("no signature fits")


def _octets(secret: str) -> bytes:
    try:
        return base64.b64decode(secret[6:], validate=True) if secret.startswith(_PREFIX) else bytes.fromhex(secret)
    except (binascii.Error, ValueError):
        raise SignatureError("the secret is neither whsec_... nor 64 hex characters") from None


def _event(body: bytes) -> Event:
    try:
        return msgspec.json.decode(body, type=Event)
    except msgspec.DecodeError as error:
        raise SignatureError("it is signed, and no event") from error
