"""``Recorded``: the decision stands in the record, in the same transaction as its effect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gatepost.arrive.paper import Arrived
from gatepost.decide.paper import Decided, Decision, Disposition, Grant, Outcome, Step
from gatepost.ids import AccountId, BlobId, EmailId, EntryId, LeafIndex, ThreadId
from gatepost.verify.paper import Family, Result

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
"""Anything JSON can say."""


class Recorded(Struct, frozen=True, gc=False):
    """A decision and its entries, one per recipient in envelope order; log indexes come later, from the sequencer.

    ``thread`` is the one the entries name, None for what is not kept.
    """

    decided: Decided
    entries: tuple[EntryId, ...]
    thread: ThreadId | None = None

    @property
    def arrived(self) -> Arrived:
        """The arrival this record is about."""
        return self.decided.arrived

    @property
    def decision(self) -> Decision:
        """The decision that was recorded."""
        return self.decided.decision


class Kind(StrEnum):
    """What an entry tells: a decision, one of its consequences, or an administrative act."""

    DECISION = "decision"
    REPLY = "reply"
    BOUNCE = "bounce"
    ATTEMPT = "attempt"
    WEBHOOK = "webhook"
    USAGE = "usage"
    TURN = "turn"  # a hosted agent called a tool, or came to rest
    REFUSALS = "refusals"  # mail refused before a decision, counted per reason and hour
    EGRESS = "egress"  # an outgoing connection was refused
    ERASURE = "erasure"  # openings, or the keys of a month, were removed; its detail says of which entries and why
    ACT = "act"  # administrative: policy.set, key.add, domain.remove ...
    TRUST = "trust"  # a public fact, of the trust log alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """Something that followed from a decision, or that a person did to the house.

    Attributes:
        action: ``subject.verb``, such as ``policy.set``, ``attempt.accepted``, ``usage.reported``.
        actor: who did it: a key id, ``house`` for ourselves.
        email: the email it is about; None for administrative acts.
        object_ref: the id of the thing acted on, never a name or an address.
        public: values without personal data; they stand in the leaf as they are.
        private: values that may be personal; the leaf holds salted commitments, the opening the values.
        subject: the key of the address of the person outside the house whom they are about: whose keys seal them.
    """

    kind: Kind
    action: str
    actor: str
    at: datetime
    account: AccountId | None = None
    email: EmailId | None = None
    object_ref: str = ""
    public: Mapping[str, Json] = field(default_factory=dict)
    private: Mapping[str, Json] = field(default_factory=dict)
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One inbound decision joined with its consequences, as the public audit log shows it."""

    entry: EntryId
    leaf_index: LeafIndex | None
    email: EmailId
    thread: ThreadId | None
    account: AccountId
    received_at: datetime
    sender: str | None
    recipient: str
    mail_from: str | None
    remote_address: str | None
    tls: str | None
    size_octets: int
    disposition: Disposition
    outcome: Outcome
    reason: str
    spf: Result
    dkim: Result
    dmarc: Result
    arc: Result
    injection_score: float | None
    injection_families: tuple[Family, ...]
    is_aligned: bool
    body_hash: str | None
    grant: Grant | None
    policy_version: int
    policy_digest: str
    trace: tuple[Step, ...]
    labels: tuple[str, ...] = ()
    tenant_policy_version: int = 0
    tools_used: Json = None
    tokens_consumed: int | None = None
    reply_sent: Json = None
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision as its entry tells it, to decide once more by.

    Attributes:
        seen: what the decision saw (``decide.replay``); None where no policy spoke, or it was erased.
        is_erased: its opening cannot be read any more.
        blob: SHA-256 of the octets; None where it was erased.
    """

    entry: EntryId
    email: EmailId
    account: AccountId
    received_at: datetime
    is_outbound: bool
    blob: BlobId | None
    disposition: str
    outcome: str
    reason: str
    policy_version: int
    policy_digest: str
    tenant_policy_version: int
    tenant_policy_digest: str
    trace: tuple[Step, ...]
    is_erased: bool
    seen: dict[str, Json] | None
