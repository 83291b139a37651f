"""``CarriedOut``: what carrying the decision out came to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gatepost.arrive.paper import Direction
from gatepost.ids import AccountId, BlobId, EmailId, HoldId, KeyId, SubmissionId, ThreadId
from gatepost.mail.address import Address
from gatepost.record.paper import Recorded


class Kept(Struct, frozen=True, gc=False):
    """It lies in the account's mailbox. ``wakes``: an agent is to be told."""

    email: EmailId
    thread: ThreadId
    wakes: bool


@dataclass(frozen=True, slots=True)
class Held:
    """It waits for a human until ``expires_at``; its body is withheld from every agent."""

    email: EmailId
    hold: HoldId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Queued:
    """Jobs will try the remote MX, one for each recipient; each attempt is an entry of its own."""

    submissions: tuple[SubmissionId, ...]

    @property
    def submission(self) -> SubmissionId:
        """The first one, which names the message to whoever sent it."""
        return self.submissions[0]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was kept but the entry. The door answers as the decision's disposition says."""


class CarriedOut(Struct, frozen=True, gc=False):
    """The end of the road inside the transaction."""

    recorded: Recorded
    outcome: Kept | Held | Queued | Refused


class HoldState(StrEnum):
    """Where a hold stands. ``RELEASED`` and ``REFUSED`` are the end."""

    WAITING = "waiting"
    RELEASED = "released"
    REFUSED = "refused"


class DefaultOutcome(StrEnum):
    """What becomes of a held message nobody rules on in time."""

    DELIVER = "deliver"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A message that waits, or waited, for a person.

    Attributes:
        reason: why it was held, the decision's reason code.
        proposer: the key that submitted it; None for mail from strangers.
        digest: of octets and recipients: what an approval is bound to. Empty once erased.
        author: who wrote it, as the From field names one; None where it names none.
        recipients: whom it is for; of outgoing mail, whom it would go to.
        settled_reason: the reason code of the decision that ended it.
        about: the address key of the person it is about: whose keys seal it; None where it is about nobody.
        paper: what the journey goes on with (``verify.again``).
        is_erased: its keys were destroyed; nobody can read it, so nobody can approve it.
        is_unreadable: of a list: its row is damaged, and says no more than its columns; it may be mended.
    """

    id: HoldId
    account: AccountId
    email: EmailId
    direction: Direction
    reason: str
    state: HoldState
    default: DefaultOutcome
    proposer: KeyId | None
    size_octets: int
    held_at: datetime
    expires_at: datetime
    blob: BlobId
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_reason: str | None = None
    digest: str = ""
    author: str | None = None
    recipients: tuple[str, ...] = ()
    subject: str = ""
    about: str | None = None
    paper: bytes = b""
    is_erased: bool = False
    is_unreadable: bool = False


class State(StrEnum):
    """Where a submission stands. ``SENT`` and ``FAILED`` are the end."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A request to send (RFC 8621 section 7).

    Attributes:
        answers: the kept email it answers; the email itself where it answers nothing.
        author_domain: whose DKIM keys sign it.
        mail_from: None is the null reverse-path.
        attempts: how many ended.
        due_at: no attempt before this time.
        reply_code: what the remote said last; 0 where it said nothing.
        is_erased: nobody can read any more where it was to go; the addresses are ``.invalid``.
    """

    id: SubmissionId
    email: EmailId
    answers: EmailId
    account: AccountId
    blob: BlobId
    author_domain: str
    mail_from: Address | None
    rcpt_to: Address
    state: State
    attempts: int
    submitted_at: datetime
    due_at: datetime
    reply_code: int = 0
    is_erased: bool = False

    @property
    def is_settled(self) -> bool:
        """True once it was accepted by the remote or given up."""
        return self.state in {State.SENT, State.FAILED}


class AttemptResult(StrEnum):
    """How one attempt ended."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one destination: a value, whatever the network did.

    Attributes:
        reply_code: the remote's SMTP reply code; 0 where it said nothing.
        status: an enhanced status code (RFC 3463): the remote's own, or ours for what happened before it spoke.
        reason: ours, ``subject.fact``; never the remote's text.
        is_encrypted: the message went through TLS.
    """

    result: AttemptResult
    reply_code: int
    status: str
    reason: str
    is_encrypted: bool = False
