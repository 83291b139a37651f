"""The wire's JSON for retention, erasure and legal holds."""

from typing import Annotated

from pydantic import Field, StringConstraints

from gatepost.doors.rest.shapes import Shape, Text, Utc

AddressText = Annotated[Text, StringConstraints(min_length=3, max_length=320)]
Reason = Annotated[Text, StringConstraints(max_length=500)]


class NewErasure(Shape):
    """Whom to erase from the caller's tenant."""

    address: AddressText = Field(
        description="The person's address, outside this house.", examples=["someone@example.com"]
    )
    reason: Reason = Field(default="", description="Why; sealed with the log's entry, shown to those who read it.")
    dry_run: bool = Field(default=False, description="Only count what would go.")


class ErasureDone(Shape):
    """What went, or would go. The entries of the log stay, with their proofs; a new one says what was erased."""

    request: str = Field(description="What the log's entries call it; empty for a dry run.")
    openings: int = Field(description="Entries of the record that lose their words.")
    messages: int
    bodies: int
    indexed: int = Field(description="Messages that were in the search index.")
    queued: int = Field(description="Outgoing mails to the person, sent or waiting.")
    keys: int = Field(description="Keys destroyed: no copy of what they sealed opens any more.")
    waiting: int = Field(
        description="Entries too new to be named; their keys are gone, their rows follow by themselves."
    )
    held: int = Field(
        description="Entries that came last: their keys are gone, and a hold placed since keeps their rows."
    )


class NewHold(Shape):
    """What to keep whatever a plan, a policy or a person says: one mailbox, one person, or everything."""

    reason: Annotated[Text, StringConstraints(min_length=1, max_length=500)] = Field(
        description="Why it must be kept; a matter or a file number.", examples=["Matter 2026-114, preservation"]
    )
    mailbox_id: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = Field(default=None, description="Only this mailbox.")
    address: AddressText | None = Field(default=None, description="Only this person, outside the house.")


class HoldShown(Shape):
    """A legal hold."""

    id: str
    reason: str
    mailbox_id: int | None
    address: str | None
    placed_at: Utc
    placed_by: str
    released_at: Utc | None


class HoldList(Shape):
    """Every hold there ever was, oldest first."""

    items: list[HoldShown]


class MailboxLimit(Shape):
    """A mailbox whose policy keeps its record for fewer days than the plan."""

    mailbox_id: int
    days: int


class RetentionShown(Shape):
    """How long is kept."""

    plan: str
    days: int | None = Field(description="Days that the plan keeps mail and record; null: for ever.")
    mailboxes: list[MailboxLimit]
    holds: int = Field(description="Legal holds in force. While there is one, no month's key is destroyed.")
    months: list[str] = Field(description="Months whose keys there are: what is older opens nowhere.")
