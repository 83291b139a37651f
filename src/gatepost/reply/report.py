"""Delivery status notifications (RFC 3464) in a multipart/report (RFC 6522): for people, for machines, the header."""

import binascii
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.reply.body import text_part


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What the machine-readable part says.

    Attributes:
        hostname: ours.
        arrived_at: when the message came to us.
        recipient: who did not get it.
        status: an enhanced status code (RFC 3463).
        reply_code: the remote's; 0 where there was none.
    """

    hostname: str
    arrived_at: datetime
    recipient: Address
    status: str
    reply_code: int = 0


def report(email: EmailId, text: str, failure: Failure, original: bytes) -> bytes:
    """Return the report's fields, an empty line and its parts.

    Args:
        email: names the report to us; makes the boundary.
        text: for people.
        failure: for machines.
        original: the header of the message it is about; empty: not there to be shown.
    """
    boundary = f"=_{email}".encode("ascii")  # "=_" occurs in no quoted-printable text, "--" begins no plain line
    parts = [text_part(text), b"Content-Type: message/delivery-status\r\n\r\n" + _status(failure)]
    if original:
        parts.append(_header_part(original))
    return b"".join(
        (
            b"Content-Type: multipart/report; report-type=delivery-status;\r\n",
            b' boundary="' + boundary + b'"\r\n\r\n',
            *(b"--" + boundary + b"\r\n" + part for part in parts),
            b"--" + boundary + b"--\r\n",
        )
    )


def _status(failure: Failure) -> bytes:
    code = failure.reply_code
    return "".join(
        (
            f"Reporting-MTA: dns; {failure.hostname}\r\n",
            f"Arrival-Date: {format_datetime(failure.arrived_at)}\r\n",
            "\r\n",
            f"Final-Recipient: {_dsn_address(failure.recipient)}\r\n",
            "Action: failed\r\n",
            f"Status: {failure.status}\r\n",
            f"Diagnostic-Code: smtp; {code} {failure.status}\r\n" if code else "",
        )
    ).encode("ascii")


def _header_part(original: bytes) -> bytes:
    """Return a stranger's header as text/rfc822-headers (RFC 6522 section 4), quoted: it cannot leave its part."""
    lines = original.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    quoted = binascii.b2a_qp(b"".join(line + b"\r\n" for line in lines), istext=True).replace(b"\n--", b"\n=2D-")
    if quoted.startswith(b"--"):
        quoted = b"=2D" + quoted[1:]
    return b"Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted


def _dsn_address(address: Address) -> str:
    if not address.needs_smtputf8:
        return f"rfc822; {address}"
    spelled = "".join(
        char if char.isascii() else f"\\x{{{ord(char):X}}}" for char in str(address)
    )  # RFC 6533 section 3
    return f"utf-8; {spelled}"
