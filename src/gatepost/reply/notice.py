"""What the house tells an account whose message finally failed: a report (RFC 3464) that arrives like any mail."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from gatepost.arrive.paper import Arrived
from gatepost.blobs import address_of
from gatepost.deliver.paper import Submission
from gatepost.ids import EmailId, TenantId, token
from gatepost.mail.address import Address
from gatepost.mail.fields import split
from gatepost.mail.own_ids import OwnIds
from gatepost.reply.fields import field, folded, mailbox_field, message_ids
from gatepost.reply.report import Failure, report

LOCAL_PART = "mailer-daemon"
_TEXT = """\
A message from this mailbox could not be delivered, and will not be tried again.

{why}

Its header, and whom it was for, are attached.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A submission that is given up.

    Attributes:
        address: of the account that wrote it.
        original: its header; empty where it cannot be read.
        status: of the last attempt (RFC 3463).
        reply_code: the remote's; 0 where it said nothing.
    """

    tenant: TenantId
    submission: Submission
    address: Address
    original: bytes
    status: str
    reply_code: int


def notice_id(submission: Submission) -> EmailId:
    """Return what the notice about a submission is called: told twice, it is the same one."""
    return EmailId(token("em", hashlib.sha256(f"notice {submission.id}".encode()).digest()[:10]))


def write_notice(failed: Failed, *, at: datetime, own_ids: OwnIds, hostname: str) -> Arrived:
    """Return the notice, at our door.

    What lies in the mailbox's index names nobody: whom it was for stands in the report's own part, which is sealed
    under that person's keys.
    """
    email = notice_id(failed.submission)
    raw = _head(failed, email, at, own_ids, hostname) + _body(failed, email, hostname)
    return Arrived.by_house(
        email=email,
        tenant=failed.tenant,
        account=failed.submission.account,
        recipient=failed.address,
        about=failed.submission.rcpt_to.key,
        raw=raw,
        blob=address_of(raw),
        received_at=at,
    )


def _head(failed: Failed, email: EmailId, at: datetime, own_ids: OwnIds, hostname: str) -> bytes:
    answered = message_ids(_message_id(failed.original))
    return "".join(
        (
            mailbox_field("From", Address(LOCAL_PART, hostname)),
            mailbox_field("To", failed.address),
            field("Subject", "Not delivered"),
            f"Date: {format_datetime(at)}\r\n",
            f"Message-ID: <{own_ids.write(email, hostname)}>\r\n",
            folded("In-Reply-To", answered) if answered else "",
            folded("References", answered) if answered else "",
            "Auto-Submitted: auto-replied\r\n",
            "MIME-Version: 1.0\r\n",
        )
    ).encode()


def _message_id(original: bytes) -> tuple[str, ...]:
    found = split(original + b"\r\n\r\n").first(b"message-id")
    return (found.text.strip().removeprefix("<").removesuffix(">"),) if found else ()


def _body(failed: Failed, email: EmailId, hostname: str) -> bytes:
    code = failed.reply_code
    why = f"The other side answered {code} ({failed.status})." if code else f"The reason is {failed.status} (RFC 3463)."
    failure = Failure(
        hostname=hostname,
        arrived_at=failed.submission.submitted_at,
        recipient=failed.submission.rcpt_to,
        status=failed.status,
        reply_code=code,
    )
    return report(email, _TEXT.format(why=why), failure, failed.original)
