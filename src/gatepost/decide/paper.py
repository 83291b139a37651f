"""``Decided``: what shall become of a message, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct
from typing_extensions import override

from gatepost.arrive.paper import Arrived
from gatepost.decide.reasons import Reason
from gatepost.ids import AccountId, EmailId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.verify.paper import Evidence, Verified


class Disposition(StrEnum):
    """What we do with it, from the mildest to the strictest."""

    DELIVER = "deliver"
    HOLD = "hold"
    DEFER = "defer"
    DISCARD = "discard"
    REJECT = "reject"

    @property
    def strictness(self) -> int:
        """Where several speak, the higher one counts."""
        return list(Disposition).index(self)


class Outcome(StrEnum):
    """Which gate spoke last: the six words of the public audit log."""

    DELIVERED = "delivered"
    REJECTED_AT_VERIFICATION = "rejected_at_verification"
    REJECTED_AT_POLICY = "rejected_at_policy"
    REJECTED_AT_CONTENT_GUARD = "rejected_at_content_guard"
    RATE_LIMITED = "rate_limited"
    BUDGET_EXHAUSTED = "budget_exhausted"


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """How many tokens an agent may spend; None is no limit, 0 is none at all.

    Attributes:
        per_message: on one message.
        per_thread: in one thread, ever.
        per_sender: on one author, ever.
        per_day: on one author in 86,400 s.
    """

    per_message: int | None = None
    per_thread: int | None = None
    per_sender: int | None = None
    per_day: int | None = None

    def as_list(self) -> list[int | None]:
        """Return the four, in the order of the fields."""
        return [self.per_message, self.per_thread, self.per_sender, self.per_day]

    def tightened(self, other: "TokenBudget") -> "TokenBudget":
        """Return the smaller of each."""
        return TokenBudget(
            per_message=_smaller(self.per_message, other.per_message),
            per_thread=_smaller(self.per_thread, other.per_thread),
            per_sender=_smaller(self.per_sender, other.per_sender),
            per_day=_smaller(self.per_day, other.per_day),
        )


def _smaller(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


class Grant(Struct, frozen=True, gc=False):
    """What the matched rule lets the agent do with this message, and spend on it; ``rule_index`` counts from 0."""

    capabilities: tuple[str, ...]
    rule_index: int
    budget: TokenBudget = TokenBudget()


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a held message waits for a person, and whether it is delivered where nobody ruled on it by then."""

    lasts: timedelta = timedelta(days=7)
    is_delivered: bool = False

    def tightened(self, other: "Wait") -> "Wait":
        """Return the stricter of both: silence delivers only where both say so, and then at the later time."""
        if self.is_delivered and other.is_delivered:
            return Wait(max(self.lasts, other.lasts), is_delivered=True)
        return Wait(min(self.lasts, other.lasts))

    def lets_go_before(self, other: "Wait") -> bool:
        """Tell whether silence delivers what it does not deliver after the other wait, or not so soon."""
        return self.is_delivered and not (other.is_delivered and other.lasts <= self.lasts)

    def refusing(self) -> "Wait":
        """Return the same wait with a refusal at its end."""
        return Wait(self.lasts)

    @override
    def __str__(self) -> str:
        """Return it as traces and explanations say it."""
        return f"{self.lasts // timedelta(hours=1)} hours, then {'deliver' if self.is_delivered else 'refuse'}"


USUAL_WAIT = Wait()
"""Where the policy does not say."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace: which condition was asked, and how it answered."""

    check: str
    result: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The kept message an outbound one answers, as far as a decision needs it; ``reply_to`` as its author wrote it."""

    email: EmailId
    author: Address
    was_proven: bool
    was_automatic: bool
    reply_to: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person, or the end of the wait, said of a held message.

    Attributes:
        is_approved: it may go.
        by: an id, never an address.
        is_expiry: nobody said anything in time.
        at: when it took effect; None until then, and in entries of earlier releases.
    """

    is_approved: bool
    by: str
    is_expiry: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Messages in one window: in the last 3,600 s and in the last 86,400 s."""

    hour: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages that wait for a person: of one author, of the author's organisation, in the mailbox."""

    author: int = 0
    domain: int = 0
    mailbox: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What is known about where an outbound message goes. The counts are as they will be once it is sent.

    Attributes:
        contacts: keys of those of its recipients with whom the account has exchanged proven mail.
        thread: keys of whoever wrote, proven, in the thread it answers.
        others: correspondents of the tenant it names who are neither its recipients nor of its thread; None where
            it names too many addresses to look up.
        agent: mail of the account: a message to three recipients counts three.
        recipient: mail to the recipient who got most.
        domain: mail to the recipients' domain that got most.
        replies: messages in its thread.
    """

    contacts: frozenset[str] = frozenset()
    thread: frozenset[str] = frozenset()
    others: int | None = 0
    agent: Counted = Counted()
    recipient: Counted = Counted()
    domain: Counted = Counted()
    replies: Counted = Counted()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision may see besides policy and evidence; read inside the transaction.

    Attributes:
        messages_hour: delivered from this sender in the last 3,600 s, this one not counted.
        messages_day: the same over 86,400 s.
        tokens_thread: tokens consumed in the thread so far.
        tokens_day: tokens consumed for this sender in the last 86,400 s.
        tokens_sender: tokens consumed for this sender so far.
        windows: what was delivered in windows other than the author's own, by their names.
        answered: the message an outbound one answers; None for inbound mail or where it is unknown.
        is_sandboxed: whatever the account sends waits for a person; never so for inbound mail.
        ruling: what was said of it where it was held before; None on its first way.
        is_first_time: nothing of this author was ever delivered to this account; None where no rule asks. So are:
        leaving: what else is known of an outbound message.
        waiting: what waits already with which this one would, itself not counted; None where it would not, and in
            entries of earlier releases.
        answers_us: it answers a message of this account, which its author was a recipient of.
        is_replayed: the same author's same body was delivered under the same Message-ID before.
    """

    messages_hour: int = 0
    messages_day: int = 0
    tokens_thread: int = 0
    tokens_day: int = 0
    tokens_sender: int = 0
    windows: Mapping[str, Counted] = field(default_factory=dict, hash=False)
    answered: Answered | None = None
    is_sandboxed: bool = False
    ruling: Ruling | None = None
    is_first_time: bool | None = None
    answers_us: bool | None = None
    is_replayed: bool | None = None
    leaving: Leaving = Leaving()
    waiting: Waiting | None = None

    def judged_at(self, received_at: datetime) -> datetime:
        """Return when the message is judged: when it came, or when it was ruled on where it was held before."""
        return received_at if self.ruling is None else self.ruling.at or received_at


class Mark(Struct, frozen=True, gc=False):
    """What makes a message the same one when it is delivered again: its author, what it calls itself, what it says.

    Its way here leaves traces in the header, so that is no part of it.
    """

    author: str
    message_id: str
    body_sha256: str

    @classmethod
    def of(cls, verified: Verified) -> "Mark":
        """Return a message's mark."""
        author = verified.evidence.author
        return cls(author.key if author else "", verified.evidence.content.message_id, verified.body_sha256)


class Found(Struct, frozen=True, gc=False):
    """What the guards of one policy find in a message.

    Attributes:
        guard: the index of the strictest that finds its pattern; None: none does.
        action: what becomes of the message then.
        is_too_long: there is more text than they can read in their time bound.
    """

    guard: int | None = None
    action: Disposition = Disposition.DELIVER
    is_too_long: bool = False


Findings: TypeAlias = Mapping[str, Found]
"""What was found in a message beforehand, by the digests of policies: their guards' answer depends on no fact."""
NOT_ASKED: Findings = MappingProxyType({})


class Seen(Struct, frozen=True, kw_only=True, gc=False):
    """All of a message that a decision may look at. ``replay`` reads it back from an entry.

    Attributes:
        evidence: what was found about it.
        facts: what was counted.
        received_at: when it came.
        size_octets: of the whole message.
        is_encrypted: it came over TLS.
        has_text: what the message says is there to read, as it always is when it arrives.
        envelope: where it goes; None of a message that comes in.
        findings: what guards answered already; they are not asked again.
    """

    evidence: Evidence
    facts: Facts
    received_at: datetime
    size_octets: int
    is_encrypted: bool
    has_text: bool = True
    envelope: Envelope | None = None
    findings: Findings = NOT_ASKED


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """A pure function of policy, evidence and facts.

    Attributes:
        detail: the guard's or the rule's own reason, as its author wrote it; empty otherwise.
        policy_version: 0 where a built-in policy spoke.
        policy_digest: SHA-256 of the canonical policy document, lowercase hex.
        tenant_policy_version: of the tenant's policy above it; 0 where there is none.
        labels: what the rule wants the message marked with.
        windows: where else than in its author's own window it counts, once it is delivered.
        wait: for how long it is held, if it is.
        body_hash_wanted: the policy asks for the body hash in the audit row.
        is_author_proven: the author's domain was proven, by alignment or by the sealer the matched rule trusts. An
            assurance of ``none`` proves nothing.
    """

    disposition: Disposition
    outcome: Outcome
    reason: Reason
    detail: str = ""
    grant: Grant | None = None
    labels: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    wait: Wait = USUAL_WAIT
    policy_version: int
    policy_digest: str
    tenant_policy_version: int = 0
    tenant_policy_digest: str = ""
    body_hash_wanted: bool = False
    is_author_proven: bool = False
    trace: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """A policy document as it was stored: the document as its author wrote it."""

    account: AccountId
    version: int
    digest: str
    document: dict[str, object]
    warnings: list[str]


class Decided(Struct, frozen=True, gc=False):
    """The message, the evidence, the facts, and the decision."""

    verified: Verified
    decision: Decision
    facts: Facts = Facts()

    @property
    def arrived(self) -> Arrived:
        """The arrival this decision is about."""
        return self.verified.arrived

    @property
    def at(self) -> datetime:
        """When it was made: what follows from it counts, lasts and is due from then on."""
        return self.facts.judged_at(self.arrived.received_at)
