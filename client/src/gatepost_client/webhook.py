"""Checking that a webhook is your house's, and reading it: Standard Webhooks 1.0.0, ``v1`` (HMAC-SHA-256)."""

import base64
import binascii
import hmac
import time
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gatepost_client.errors import SignatureError
from gatepost_client.shapes import Event

TOLERANCE_S = 300
KEY_MIN_OCTETS = 24
"""The least that Standard Webhooks 1.0.0 allows."""

Headers = Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]
_PREFIX = "whsec_"
_SIGNATURES_MAX = 16


def verify(
    body: bytes,
    headers: Headers,
    secrets: str | Sequence[str],
    *,
    tolerance_s: int = TOLERANCE_S,
    now: float | None = None,
) -> Event:
    """Return the event a webhook tells, once it is proven to be your house's and new.

    An event may come more than once: remember ``event.id`` and pass over what you have seen.

    Args:
        body: the request's octets as received, before any parsing.
        headers: the request's, as a mapping or as pairs, text or octets (ASGI); their names in any case.
        secrets: ``secret`` (64 hex characters) or ``standard_secret`` (``whsec_...``); several while one is replaced.
        tolerance_s: how far the timestamp may be from now.
        now: seconds since 1970; None for this machine's clock.

    Raises:
        SignatureError: it is not signed with any of the secrets, too old, or not an event.
        ValueError: a secret is missing, too short, or in neither form: nothing a stranger sends can do that.
    """
    keys = [_octets(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not keys:
        raise ValueError("there is no secret to check with")
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    fields = {_text(name).lower(): _text(value) for name, value in pairs}
    identifier, stamp = fields.get("webhook-id", ""), fields.get("webhook-timestamp", "")
    if not (identifier and stamp.isascii() and stamp.isdigit()):
        raise SignatureError("webhook-id or webhook-timestamp is missing")
    if abs((time.time() if now is None else now) - int(stamp[:15])) > tolerance_s:
        raise SignatureError("the timestamp is too far from now")
    signed = f"{identifier}.{stamp}.".encode("utf-8", "replace") + body
    offered = [each[3:] for each in fields.get("webhook-signature", "").split(" ") if each.startswith("v1,")]
    for key in keys:
        wanted = _signature(key, signed)
        if any(hmac.compare_digest(wanted, each.encode("utf-8", "replace")) for each in offered[:_SIGNATURES_MAX]):
            return _event(body)
    raise SignatureError("no signature fits")


def sign(body: bytes, secret: str, *, identifier: str, now: float | None = None) -> dict[str, str]:
    """Return the header fields that prove a call of yours to the house, as its webhooks are proven to you.

    Args:
        body: the request's octets.
        secret: of one of the mailbox's endpoints, in either form.
        identifier: names the call; the house takes each once.
        now: seconds since 1970; None for this machine's clock.

    Raises:
        ValueError: the secret is missing, too short, or in neither form.
    """
    stamp = str(int(time.time() if now is None else now))
    signature = _signature(_octets(secret), f"{identifier}.{stamp}.".encode() + body).decode()
    return {"webhook-id": identifier, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}


def _signature(key: bytes, signed: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, signed, "sha256"))


def _text(field: str | bytes) -> str:
    return field if isinstance(field, str) else field.decode("latin-1")


def _octets(secret: str) -> bytes:
    """Return the key of a secret; an empty one, which anybody could sign with, is no secret."""
    written = secret.strip()
    try:
        is_standard = written.startswith(_PREFIX)
        key = base64.b64decode(written[6:], validate=True) if is_standard else bytes.fromhex(written)
    except (binascii.Error, ValueError):
        raise ValueError("the secret is neither whsec_... nor 64 hex characters") from None
    if len(key) < KEY_MIN_OCTETS:
        raise ValueError("the secret is empty or too short")
    return key


def _event(body: bytes) -> Event:
    try:
        return msgspec.json.decode(body, type=Event)
    except msgspec.DecodeError as error:
        raise SignatureError("it is signed, and no event") from error
