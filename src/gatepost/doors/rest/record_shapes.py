"""Entries of the record as the API tells them."""

from typing import Any

from pydantic import Field

from gatepost.decide.paper import Disposition, Outcome
from gatepost.doors.rest.message_shapes import Granted
from gatepost.doors.rest.shapes import Shape, Unreadable, Utc
from gatepost.record.paper import Kind
from gatepost.verify.paper import Family, Result


class EnvelopeShown(Shape):
    """What SMTP said; `mail_from` is null for the null reverse-path."""

    mail_from: str | None
    rcpt_to: str


class TraceStep(Shape):
    """One condition that was asked, and how it answered."""

    check: str
    result: str


class AuditEntry(Shape):
    """One inbound message, its decision, and what followed.

    The first block is the public contract; the second is added. Our own word for what was done is `disposition`;
    `outcome` is only ever one of the contract's six.
    """

    id: int
    message_id: str
    thread_id: str | None
    sender_address: str | None
    recipient_address: str | None
    received_at: Utc
    outcome: Outcome
    reason: str | None
    verification_dkim: Result | None
    verification_spf: Result | None
    verification_dmarc: Result | None
    from_alignment: bool | None
    body_hash: str | None
    capabilities_granted: Granted | None
    tools_used: Any
    tokens_consumed: int | None
    reply_sent: Any

    disposition: Disposition
    policy_version: int
    policy_digest: str = Field(description="SHA-256 of the policy's normal form; empty once the opening is erased.")
    labels: list[str] = Field(description="What the matched rule marked it with.")
    tenant_policy_version: int = Field(description="Of the policy above the mailbox's own; 0 where there is none.")
    matched_rule: int | None = Field(description="Index of the rule that matched, from 0.")
    envelope: EnvelopeShown
    remote_address: str | None
    tls: str | None
    size_octets: int
    verification_arc: Result
    injection_score: float | None = Field(
        description="How much it looks like an attempt to steer a machine, 0 to 1; null in entries before 0.2."
    )
    injection_families: list[Family] = Field(description="Which kinds of signs that score speaks of, heaviest first.")
    leaf_index: int | None = Field(description="Position in the tenant's log; null for the first second or so.")
    trace: list[TraceStep]
    is_unreadable: Unreadable


class AuditPage(Shape):
    """Entries, newest first. `next_cursor` continues below the last one; null at the end."""

    items: list[AuditEntry]
    next_cursor: int | None
    unindexed: int = Field(
        description="How many entries were not indexed yet, where a filter asks the index. Above 1,000 the page may"
        " lack some of them."
    )


class OpenedField(Shape):
    """A value a leaf commits to: SHA-256 of domain, field name, salt and the value's canonical JSON."""

    salt: str = Field(description="32 octets, base64.")
    value: Any


class OpeningShown(Shape):
    """What lies behind the commitments of one entry."""

    leaf_index: int
    fields: dict[str, OpenedField]


class EntryShown(Shape):
    """One entry of the record, of whatever kind: docs/record.md says what each action tells."""

    entry: int = Field(description="The entry's number; the mailbox's audit log calls it `id`.")
    leaf_index: int | None = Field(description="Its place in the log; null for up to a second.")
    at: Utc
    kind: Kind
    action: str
    actor: str = Field(description="Who did it: the id of a key or person, `house`, or `operator`.")
    mailbox_id: int | None
    message_id: str | None
    object: str = Field(description="The id of the thing it is about; may be empty.")
    outcome: str | None
    reason: Any
    sender: str | None
    recipient: str | None
    facts: dict[str, Any] = Field(description="What stands in the leaf, for everybody who holds the log.")
    opened: dict[str, Any] | None = Field(description="What the leaf only commits to; null once it is erased.")
    is_unreadable: Unreadable


class EntriesFound(Shape):
    """Entries, newest first. `next_cursor` continues; null at the end."""

    items: list[EntryShown]
    next_cursor: str | None
    unindexed: int = Field(
        description="How many entries were not indexed yet. The last 1,000 of them are found all the same; above that"
        " the page may lack some."
    )
