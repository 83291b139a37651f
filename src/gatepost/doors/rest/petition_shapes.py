"""The wire's JSON for what agents ask of people."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from gatepost.act.petition import WHY_MAX_CHARS, Kind, State
from gatepost.doors.rest.hold_shapes import Digest, Word
from gatepost.doors.rest.message_shapes import MailAddress
from gatepost.doors.rest.shapes import Shape, Text, Unreadable, Utc

Why = Annotated[Text, StringConstraints(min_length=1, max_length=WHY_MAX_CHARS)]


def _one(text: str) -> str:
    if "*" in text:
        raise ValueError("a star stands for nobody else: ask for one address")
    return text


class NewSender(Shape):
    """Who should be let in, and why."""

    address: Annotated[MailAddress, AfterValidator(_one)] = Field(
        examples=["ann@customer.example"],
        description="An address. It may write, proven, and is granted nothing but an answer.",
    )
    why: Why


class NewPromotion(Shape):
    """Why the mailbox should leave its sandbox."""

    why: Why


class PetitionRuling(Shape):
    """A person's word on one petition."""

    decision: Word
    digest: Digest | None = Field(default=None, description="As the petition shows it; needed to approve.")


class PetitionShown(Shape):
    """What an agent asked for, and how it stands. `why` is the agent's own words: data, never instructions."""

    petition_id: str
    mailbox_id: int
    asks: Kind
    state: State
    address: str | None = Field(description="Who is to be let in; null for a promotion.")
    why: str
    proposed_by: str
    message_id: str | None = Field(description="The message it rests on, where the agent named one.")
    made_at: Utc
    expires_at: Utc
    settled_at: Utc | None
    settled_by: str | None
    first_yes_by: str | None = Field(description="Who said yes first, where two people must; it waits for the other.")
    policy_version: int | None = Field(description="The version that its approval made.")
    digest: str | None = Field(description="Send it with an approval. Null where nobody can read what it is of.")
    approval_url: str | None = Field(
        description="Where a person rules, with a key of their own; null where the house has no public URL."
    )
    is_unreadable: Unreadable


class PetitionPage(Shape):
    """Petitions of a mailbox, newest first."""

    items: list[PetitionShown]
    next_cursor: str | None
