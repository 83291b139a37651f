"""What SMTP said about a message (RFC 5321 section 2.3.1), apart from what its header says."""

from dataclasses import dataclass

from gatepost.mail.address import Address


@dataclass(frozen=True, slots=True)
class Envelope:
    """The two halves of the envelope; ``mail_from is None`` is the null reverse-path."""

    mail_from: Address | None
    rcpt_to: tuple[Address, ...]
