"""A message that answers nothing (RFC 5322), as an agent writes it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from gatepost.mail.address import Address
from gatepost.reply.body import text_part, with_footer
from gatepost.reply.fields import SUBJECT_MAX_CHARACTERS, field, folded, mailbox_field
from gatepost.reply.paper import Letter


def write_letter(letter: Letter, *, author: Address, message_id: str, at: datetime, footer: str) -> bytes:
    """Return the message, CRLF lines, unsigned.

    Args:
        letter: what to say, to whom.
        author: the account's address.
        message_id: without angle brackets.
        at: aware UTC time of now.
        footer: stands below the text.
    """
    head = "".join(
        (
            mailbox_field("From", author),
            folded("To", _listed(letter.to)),
            field("Subject", letter.subject[:SUBJECT_MAX_CHARACTERS]),
            f"Date: {format_datetime(at)}\r\n",
            f"Message-ID: <{message_id}>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
        )
    )
    return head.encode() + text_part(with_footer(letter.text, footer))


def _listed(addresses: Sequence[Address]) -> list[str]:
    each = [str(address) for address in {address.key: address for address in addresses}.values()]
    return [f"{address}," for address in each[:-1]] + each[-1:]
