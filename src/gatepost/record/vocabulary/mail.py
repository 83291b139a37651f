"""What is told of a message on its way: judged, refused, answered, tried, delivered. Pure."""

from typing import Any, ClassVar

from msgspec import UNSET, UnsetType

from gatepost.record.paper import Kind
from gatepost.record.vocabulary.said import Act, Counts, Private, Said


class MessageDecided(Said, frozen=True, kw_only=True, tag="message.decided"):
    """A message was judged, for one recipient: what became of it, why, and the evidence."""

    kind: ClassVar[Kind] = Kind.DECISION

    arc: str
    auth: bool
    capabilities: list[str] | None
    direction: str
    disposition: str
    dkim: str
    dmarc: str
    door: str
    in_reply_to: str | None
    injection: list[Any]
    is_aligned: bool
    outcome: str
    reason: str
    rule_index: int | None
    scans: list[list[str]]
    size_octets: int
    spf: str
    thread: str | None
    tls: str | None
    trace: list[list[str]]
    labels: list[str] | UnsetType = UNSET
    tenant_policy: list[Any] | UnsetType = UNSET
    blob: Private[str]
    seen: Private[Any] | UnsetType = UNSET
    evidence: Private[dict[str, Any]]
    recipient: Private[str]
    body_hash: Private[str] | UnsetType = UNSET
    detail: Private[str] | UnsetType = UNSET
    helo: Private[str] | UnsetType = UNSET
    mail_from: Private[str] | UnsetType = UNSET
    message_id: Private[str] | UnsetType = UNSET
    policy_digest: Private[str]
    tenant_policy_digest: Private[str] | UnsetType = UNSET
    remote_address: Private[str] | UnsetType = UNSET
    sender: Private[str] | UnsetType = UNSET


class ReplyQueued(Said, frozen=True, kw_only=True, tag="reply.queued"):
    """The gate let an agent's answer pass; it waits for the next hop."""

    kind: ClassVar[Kind] = Kind.REPLY

    submission: str
    email: str
    to: Private[str]
    body: Private[str]


class BounceQueued(ReplyQueued, frozen=True, kw_only=True, tag="bounce.queued"):
    """The same of a bounce."""

    kind: ClassVar[Kind] = Kind.BOUNCE


class AttemptAccepted(Said, frozen=True, kw_only=True, tag="attempt.accepted"):
    """One try at a remote MX: it took the message."""

    kind: ClassVar[Kind] = Kind.ATTEMPT

    reply_code: int
    attempt: int = 1
    status: str = ""
    reason: str = ""
    is_encrypted: bool = False
    state: str = ""


class AttemptDeferred(AttemptAccepted, frozen=True, kw_only=True, tag="attempt.deferred"):
    """It did not answer, or asked us to come again."""


class AttemptFailed(AttemptAccepted, frozen=True, kw_only=True, tag="attempt.failed"):
    """It refused for good."""


class DeliveryRetry(Act, frozen=True, kw_only=True, tag="delivery.retry"):
    """The operator had a message tried at once that waits to leave."""

    attempts: int


class DeliveryGiveup(DeliveryRetry, frozen=True, kw_only=True, tag="delivery.giveup"):
    """The operator gave up a message that waited to leave; its mailbox gets a report."""


class RefusalsCounted(Said, frozen=True, kw_only=True, tag="refusals.counted"):
    """Mail refused before there was a decision: how often in an hour, by reason."""

    kind: ClassVar[Kind] = Kind.REFUSALS

    hour: str
    counts: Counts


class EgressRefused(Said, frozen=True, kw_only=True, tag="egress.refused"):
    """Connections to somewhere the register does not allow were refused."""

    kind: ClassVar[Kind] = Kind.EGRESS

    purpose: str
    rule: str
    count: int
    first_at: str
