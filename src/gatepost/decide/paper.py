"""``Decided``: what shall become of a message, and why."""

from dataclasses import dataclass, field
from enum import StrEnum

from gatepost.arrive.paper import Arrived
from gatepost.decide.reasons import Reason
from gatepost.ids import AccountId, EmailId
from gatepost.mail.address import Address
from gatepost.verify.paper import Verified


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
class Grant:
    """What the matched rule lets the agent do with this message; ``rule_index`` counts from 0."""

    capabilities: tuple[str, ...]
    rule_index: int


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
class Counts:
    """Messages in windows that slide, 3,600 s and 86,400 s long."""

    hour: int = 0
    day: int = 0


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
    agent: Counts = Counts()
    recipient: Counts = Counts()
    domain: Counts = Counts()
    replies: Counts = Counts()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision may see besides policy and evidence; read inside the transaction.

    Attributes:
        messages_hour: delivered from this sender in the last 3,600 s, this one not counted.
        messages_day: the same over 86,400 s.
        tokens_thread: tokens consumed in the thread so far.
        tokens_day: tokens consumed for this sender in the last 86,400 s.
        answered: the message an outbound one answers; None for inbound mail or where it is unknown.
        leaving: what else is known of an outbound message.
    """

    messages_hour: int = 0
    messages_day: int = 0
    tokens_thread: int = 0
    tokens_day: int = 0
    answered: Answered | None = None
    leaving: Leaving = Leaving()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A pure function of policy, evidence and facts.

    Attributes:
        detail: the content guard's own reason, as its author wrote it; empty otherwise.
        policy_version: 0 where a built-in policy spoke.
        policy_digest: SHA-256 of the canonical policy document, lowercase hex.
        body_hash_wanted: the policy asks for the body hash in the audit row.
        is_author_proven: the author's domain was proven, by alignment or by the sealer the matched rule trusts. An
            assurance of ``none`` proves nothing.
    """

    disposition: Disposition
    outcome: Outcome
    reason: Reason
    detail: str = ""
    grant: Grant | None = None
    policy_version: int
    policy_digest: str
    body_hash_wanted: bool = False
    is_author_proven: bool = False
    trace: tuple[Step, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Stored:
    """A policy document as it was stored: the document as its author wrote it."""

    account: AccountId
    version: int
    digest: str
    document: dict[str, object]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Decided:
    """The message, the evidence, and the decision."""

    verified: Verified
    decision: Decision

    @property
    def arrived(self) -> Arrived:
        """The arrival this decision is about."""
        return self.verified.arrived
