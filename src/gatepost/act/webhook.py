"""What a webhook says, and how it proves who says it. Pure."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import orjson

from gatepost.egress import read_url
from gatepost.ids import EmailId, WebhookId, token
from gatepost.mailbox.paper import Email

BODY_TEXT_MAX_CHARACTERS = 262_144
"""A longer text is cut, and the event says so: the receiver can read the message itself."""

URL_MAX_CHARACTERS = 2_048


def check_url(url: str) -> str:
    """Return ``url`` where a webhook may point there.

    Raises:
        ValueError: not an absolute http or https URL, or one that carries a password or a fragment.
    """
    parsed = read_url(url)
    if parsed.fragment or len(url) > URL_MAX_CHARACTERS:
        raise ValueError("the URL must have no fragment, and at most 2,048 characters")
    return url


def event_id(email: EmailId, webhook: WebhookId) -> str:
    """Return the event's name, the same in every attempt: by it a receiver knows a repetition."""
    return token("ev", hashlib.sha256(f"{email} {webhook}".encode()).digest()[:15])


def payload(email: Email) -> bytes:
    """Return the body of ``email.received``; the same octets in every attempt."""
    data = {
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
    return orjson.dumps({"event": "email.received", "data": data})


def headers(body: bytes, *, event: str, secret: str, at: datetime) -> dict[str, str]:
    """Return the header fields of one attempt.

    Two signatures: that of the Mailbuttons contract, keyed by the secret as text, and that of Standard Webhooks, keyed
    by the 32 octets the secret spells, over the event's id and the time as well.

    Args:
        body: as it will be sent.
        event: ``event_id``.
        secret: 64 hex characters.
        at: aware UTC time of this attempt.
    """
    stamp = str(int(at.timestamp()))
    plain = hmac.new(secret.encode("ascii"), body, hashlib.sha256).hexdigest()
    signed = b".".join((event.encode("ascii"), stamp.encode("ascii"), body))
    standard = hmac.new(bytes.fromhex(secret), signed, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Gatepost",
        "X-Mailbuttons-Signature": f"sha256={plain}",
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(standard).decode('ascii')}",
    }


def standard_secret(secret: str) -> str:
    """Return the secret as Standard Webhooks libraries take it."""
    return "whsec_" + base64.b64encode(bytes.fromhex(secret)).decode("ascii")


def _spelled(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
