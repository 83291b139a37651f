"""``Decided``: what shall become of a message, and why."""

from dataclasses import dataclass, field
from enum import StrEnum

from gatepost.arrive.paper import Arrived
from gatepost.decide.reasons import Reason
from gatepost.ids import AccountId, EmailId
from gatepost.mail.address import Address
from gatepost.verify.paper import Verified


class Disposition(StrEnum):
    """What we do with it."""

    DELIVER = "deliver"
    HOLD = "hold"
    DEFER = "defer"
    DISCARD = "discard"
    REJECT = "reject"


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
    """How many tokens may be spent on one message, in its thread, on its author ever, and on its author in a day.

    None is no limit, 0 is none at all.
    """

    per_message: int | None = None
    per_thread: int | None = None
    per_sender: int | None = None
    per_day: int | None = None

    def as_list(self) -> list[int | None]:
        """Return the four, in the order of the fields."""
        return [self.per_message, self.per_thread, self.per_sender, self.per_day]

    def tightened(self, other: "TokenBudget") -> "TokenBudget":
        """Return the minimum of both, limit by limit."""
        pairs = zip(self.as_list(), other.as_list(), strict=True)
        return TokenBudget(*(min((limit for limit in pair if limit is not None), default=None) for pair in pairs))


@dataclass(frozen=True, slots=True)
class Grant:
    """What the matched rule lets the agent do with this message; ``rule_index`` counts from 0."""

    capabilities: tuple[str, ...]
    rule_index: int
    budget: TokenBudget = TokenBudget()


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
    """What a person, or the end of the wait, said of a held message; ``by`` is an id, never an address."""

    is_approved: bool
    by: str
    is_expiry: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision may see besides policy and evidence; read inside the transaction.

    Attributes:
        messages_hour: delivered from this sender in the last 3,600 s, this one not counted.
        messages_day: the same over 86,400 s.
        tokens_thread: tokens consumed in the thread so far.
        tokens_day: tokens consumed for this sender in the last 86,400 s.
        answered: the message an outbound one answers; None for inbound mail or where it is unknown.
        is_sandboxed: whatever the account sends waits for a person; never so for inbound mail.
        ruling: what was said of it where it was held before; None on its first way.
    """

    messages_hour: int = 0
    messages_day: int = 0
    tokens_thread: int = 0
    tokens_day: int = 0
    answered: Answered | None = None
    is_sandboxed: bool = False
    ruling: Ruling | None = None


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
