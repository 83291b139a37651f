"""The wire's JSON for what waits for a person."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from gatepost.act.waiting import Sort
from gatepost.arrive.paper import Direction
from gatepost.deliver.paper import DefaultOutcome, HoldState
from gatepost.doors.rest.message_shapes import AttachmentShown, DifferenceShown
from gatepost.doors.rest.shapes import Shape, Unreadable, Utc

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Word(StrEnum):
    """What an approver says."""

    APPROVE = "approve"
    DENY = "deny"


class Ruling(Shape):
    """An approver's word on one held message."""

    decision: Word
    digest: Digest | None = Field(
        default=None, description="As the hold shows it; needed to approve: the word is about these octets."
    )


class HoldShown(Shape):
    """A message that waits, or waited, for a person. Nothing of what it says."""

    hold_id: str
    mailbox_id: int
    message_id: str
    direction: Direction
    state: HoldState
    reason: str = Field(description="Why it was held.")
    author: str | None = Field(description="As the From field names one.")
    recipients: list[str]
    size_octets: int
    held_at: Utc
    expires_at: Utc
    default_outcome: DefaultOutcome = Field(description="What becomes of it if nobody rules in time.")
    settled_at: Utc | None
    settled_by: str | None = Field(description="The id of the key or person who ruled; house at the end of the wait.")
    settled_reason: str | None = Field(description="The reason code of the decision that ended it.")
    is_erased: bool
    is_unreadable: Unreadable


class HoldDetail(HoldShown):
    """The same with what it says, for whoever may rule on it; withheld (null) from agents."""

    digest: str | None = Field(description="SHA-256 of octets and recipients: send it with an approval.")
    subject: str | None
    body_text: str | None
    plain_text: str | None = Field(
        description="The text beside a page, where it has words that the page has not: a mail client hides it."
    )
    attachments: list[AttachmentShown]
    differences: list[DifferenceShown] = Field(description="Where people and machines read different things.")


class HoldPage(Shape):
    """Holds of a mailbox, newest first."""

    items: list[HoldShown]
    next_cursor: str | None


class WaitingShown(Shape):
    """Something that waits for a person. Nothing of what a mail or an agent says."""

    kind: Sort
    id: str = Field(description="Of the hold, of the turn a call belongs to, or of the petition.")
    what: str = Field(description="A message's direction, a tool's name, or what a petition asks for.")
    reason: str = Field(description="Why it waits.")
    message_id: str | None = Field(description="The message it is about or rests on.")
    digest: str | None = Field(description="Send it with a yes. Null for a message: read it first, at `path`.")
    since: Utc
    expires_at: Utc
    default_outcome: DefaultOutcome = Field(description="What becomes of it if nobody rules in time.")
    path: str = Field(description="Where all of it is shown.")
    is_unreadable: Unreadable


class WaitingRuled(Shape):
    """What became of something that waited."""

    kind: Sort
    id: str
    state: str = Field(
        description="`released` or `refused` for a message, `approved` or `denied` for a call or a petition; `waiting`"
        " where a second person must agree. The policy in force may refuse what was approved."
    )
    reason: str | None = Field(description="The reason code of what ended it, where there is one.")
    path: str = Field(description="Where all of it is shown.")


class WaitingList(Shape):
    """What waits in a mailbox; what ends first at the beginning."""

    items: list[WaitingShown]
    is_all: bool = Field(description="False where more waits than was asked for.")
