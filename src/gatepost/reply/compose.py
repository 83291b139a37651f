"""From what somebody wants to say to a message (RFC 5322, RFC 3834, RFC 3464). Pure."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.mailbox.paper import Email
from gatepost.reply.body import text_part, with_footer
from gatepost.reply.fields import answer_subject, field, folded, mailbox_field, message_ids
from gatepost.reply.paper import Voice
from gatepost.reply.report import Failure, report

_REFERENCES_KEPT = 20
"""RFC 5322 section 3.6.4 sets no limit; the first and the latest show where it belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One message to write.

    ``email`` names it to us, ``message_id`` (without angle brackets) to others; ``author`` is the account's address;
    ``footer`` stands below a reply; ``original`` is the header of the message a bounce is about, where it can be read.
    """

    email: EmailId
    message_id: str
    author: Address
    parent: Email
    voice: Voice
    text: str
    at: datetime
    hostname: str
    footer: str = ""
    original: bytes = b""


def recipient_of(parent: Email, voice: Voice) -> Address:
    """Return whom an answer goes to.

    A reply goes where its author asked (Reply-To), else to the author. It is the gate that refuses a Reply-To outside
    the author's organisation, so that the refusal stands in the record. A bounce goes to the author alone.
    """
    return parent.answered_to if voice is Voice.REPLY else parent.author


def write(draft: Draft) -> bytes:
    """Return the message, CRLF lines, unsigned."""
    head = _head(draft).encode("utf-8")
    match draft.voice:
        case Voice.REPLY:
            return head + text_part(with_footer(draft.text, draft.footer))
        case Voice.BOUNCE:
            return head + _report(draft)


def _head(draft: Draft) -> str:
    parent = draft.parent
    prefix = "Re:" if draft.voice is Voice.REPLY else "Not accepted:"
    answered = message_ids((parent.message_id,))
    earlier = message_ids(parent.references)
    kept = [*earlier[:1], *earlier[1:][-_REFERENCES_KEPT:]]
    return "".join(
        (
            mailbox_field("From", draft.author),
            mailbox_field("To", recipient_of(parent, draft.voice)),
            field("Subject", answer_subject(parent.subject, prefix)),
            f"Date: {format_datetime(draft.at)}\r\n",
            f"Message-ID: <{draft.message_id}>\r\n",
            folded("In-Reply-To", answered) if answered else "",
            folded("References", [*kept, *answered]) if answered else "",
            "Auto-Submitted: auto-replied\r\n",
            "MIME-Version: 1.0\r\n",
        )
    )


def _report(draft: Draft) -> bytes:
    failure = Failure(
        hostname=draft.hostname,
        arrived_at=draft.parent.received_at,
        recipient=draft.parent.recipient,
        status="5.7.1",
    )
    return report(draft.email, draft.text, failure, draft.original)
