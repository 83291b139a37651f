"""``Said``: what somebody wants to say about a kept message, or to somebody, before it is a message."""

from dataclasses import dataclass
from enum import StrEnum

from gatepost.ids import AccountId, EmailId, HoldId, KeyId, SubmissionId, TenantId
from gatepost.mail.address import Address


class Voice(StrEnum):
    """An answer in the thread, or a notice that the message was not accepted (RFC 3464)."""

    REPLY = "reply"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing to send.

    Attributes:
        text: the reply's body, or the bounce's reason, quoted verbatim.
        idempotency_key: the caller's own name for this call; empty: the text's digest stands for it.
    """

    tenant: TenantId
    account: AccountId
    submitter: KeyId
    parent: EmailId
    voice: Voice
    text: str
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to send that answers nothing.

    Attributes:
        to: whom it is for.
        subject: as its writer spelled it.
        text: the body.
        idempotency_key: as in ``Said``.
    """

    tenant: TenantId
    account: AccountId
    submitter: KeyId
    to: tuple[Address, ...]
    subject: str
    text: str
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The gate let it pass and it is queued, or it waits for a person: then ``hold`` names the wait.

    ``is_repeat``: an earlier identical call had done it already.
    """

    submission: SubmissionId
    email: EmailId
    is_repeat: bool
    hold: HoldId | None = None


class ReplyRefusedError(Exception):
    """The gate refused to send it; ``reason`` is the decision's reason code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ParentMissingError(LookupError):
    """There is no such kept message in this account."""
