"""What a webhook says, and how it proves who says it. Pure.

Signatures follow Standard Webhooks (standardwebhooks.com, specification 1.0.0): ``webhook-id``, ``webhook-timestamp``
and ``webhook-signature`` over ``id.timestamp.body``: ``v1`` HMAC-SHA-256 under each secret in force, ``v1a`` Ed25519.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatepost.act.paper import Event, EventKind
from gatepost.egress import read_url
from gatepost.mailbox.paper import Email

BODY_TEXT_MAX_CHARACTERS = 262_144
"""A longer text is cut, and the event says so: the receiver can read the message itself."""

URL_MAX_CHARACTERS = 2_048

_LINE_ENDS = tuple((end.encode(), b"\\u%04x" % ord(end)) for end in "\x85\u2028\u2029")
"""Plain characters in JSON and in a stream of events, and ends of lines to many a reader of such streams (Python's
``str.splitlines``), who would cut an event in two there."""


@dataclass(frozen=True)
class Signers:
    """What an endpoint's messages are signed with: secrets of 64 hex characters, oldest first, and an Ed25519 seed."""

    secrets: tuple[str, ...]
    seed: bytes | None = None

    @cached_property
    def key(self) -> Ed25519PrivateKey | None:
        """The key of the seed: to make it costs as much as to sign with it."""
        return None if self.seed is None else Ed25519PrivateKey.from_private_bytes(self.seed)


def check_url(url: str) -> str:
    """Return ``url`` where a webhook may point there.

    Raises:
        ValueError: not an absolute http or https URL, or one that carries a password or a fragment.
    """
    parsed = read_url(url)
    if parsed.fragment or len(url) > URL_MAX_CHARACTERS:
        raise ValueError("the URL must have no fragment, and at most 2,048 characters")
    return url


def payload(event: Event, email: Email | None) -> bytes:
    """Return what is said of an event; the same octets in every attempt.

    ``event`` and ``data`` are the Mailbuttons contract's, ``type`` and ``timestamp`` those of Standard Webhooks. Only
    ``email.received`` has words of the message: of mail that was held or refused no agent is shown any.
    """
    data = _kept(email) if event.kind is EventKind.RECEIVED and email is not None else _noted(event)
    kind = event.kind.value
    said = {"event": kind, "id": event.id, "type": kind, "timestamp": _spelled(event.at), "data": data}
    octets = orjson.dumps(said)
    for end, escaped in _LINE_ENDS:
        octets = octets.replace(end, escaped)
    return octets


def _kept(email: Email) -> dict[str, Any]:
    return {
        "email_id": email.id,
        "thread_id": email.thread,
        "mailbox_id": email.account,
        "sender_email": str(email.author),
        "recipient_email": str(email.recipient),
        "subject": email.subject,
        "body_text": email.text[:BODY_TEXT_MAX_CHARACTERS],
        "body_text_truncated": len(email.text) > BODY_TEXT_MAX_CHARACTERS,
        "quoted_text": email.reading.model.quoted[:BODY_TEXT_MAX_CHARACTERS],
        "signature_text": email.reading.model.signature[:BODY_TEXT_MAX_CHARACTERS],
        "attachments": [
            {
                "part": one.part,
                "filename": one.filename,
                "content_type": one.content_type,
                "size_octets": one.size_octets,
            }
            for one in email.reading.attachments
        ],
        "received_at": _spelled(email.received_at),
        "verification": {name: value for name, value in email.verification.items() if name != "results"},
        "capabilities": email.capabilities,
        "labels": email.labels,
        "is_automatic": email.is_automatic,
    }


def _noted(event: Event) -> dict[str, Any]:
    about = {"email_id": event.email} if event.email else {}
    return {"mailbox_id": event.account, **about, **event.detail}


def headers(body: bytes, *, event: Event, signers: Signers, at: datetime) -> dict[str, str]:
    """Return the header fields of one attempt.

    The Mailbuttons header has room for one signature. While a secret is being replaced it is the older one's, which the
    receiver has had all along: it can try both, and none of its messages fails.

    Args:
        body: as it will be sent.
        event: what is told.
        signers: what to sign with.
        at: aware UTC time of this attempt.
    """
    stamp = str(int(at.timestamp()))
    plain = hmac.new(signers.secrets[0].encode("ascii"), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Gatepost",
        "X-Mailbuttons-Signature": f"sha256={plain}",
        "X-Gatepost-Order-Key": event.lane,
        "webhook-id": event.id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures(f"{event.id}.{stamp}.".encode("ascii") + body, signers)),
    }


def signatures(signed: bytes, signers: Signers) -> list[str]:
    """Return one signature per secret, the newest first, and that of the Ed25519 key."""
    found = [
        f"v1,{_base64(hmac.digest(bytes.fromhex(secret), signed, 'sha256'))}" for secret in reversed(signers.secrets)
    ]
    if signers.key is not None:
        found.append(f"v1a,{_base64(signers.key.sign(signed))}")
    return found


def standard_secret(secret: str) -> str:
    """Return the secret as Standard Webhooks libraries take it."""
    return "whsec_" + _base64(bytes.fromhex(secret))


def public_key(seed: bytes) -> str:
    """Return the Ed25519 public key as Standard Webhooks spells it: whoever has only this can check and not forge."""
    return "whpk_" + _base64(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _spelled(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
