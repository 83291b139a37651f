"""Everything of a mailbox that waits for a person, in one list: held mail, held calls of hosted agents, petitions.

Each lies in its own table, for each ends in its own way; what they have in common is what whoever rules must know:
since when and until when it waits, why, and that silence is a no unless the policy says otherwise.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatepost.act import hosted, petition
from gatepost.db import Transaction
from gatepost.deliver import hold
from gatepost.deliver.paper import DefaultOutcome, HoldState
from gatepost.ids import AccountId, EmailId


class Sort(StrEnum):
    """What it is."""

    MESSAGE = "message"
    CALL = "call"
    PETITION = "petition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One of them.

    Attributes:
        id: of the hold, of the turn, or of the petition.
        what: the message's direction, the tool's name, or what is asked for; a word of ours.
        reason: why it waits, ``subject.fact``.
        email: the message it is about or rests on, if any.
        digest: what an approval is bound to, where all of it is told here; None for a message, to be read first.
        then: what becomes of it if nobody rules in time.
        is_unreadable: its row is damaged: there is no digest, so nobody can approve it.
    """

    sort: Sort
    id: str
    what: str
    reason: str
    email: EmailId | None
    digest: str | None
    since: datetime
    expires_at: datetime
    then: DefaultOutcome
    is_unreadable: bool


async def waiting(tx: Transaction, account: AccountId, *, at: datetime, limit: int) -> list[Waiting]:
    """Return what waits, what ends first at the beginning; of messages and of calls at most ``limit``."""
    mails = (await hold.page(tx, account, state=HoldState.WAITING, limit=limit)).holds
    calls = await hosted.held_calls(tx, account, limit=limit)
    asked = await petition.waiting(tx, account, at=at)
    found = [
        Waiting(
            sort=Sort.MESSAGE,
            id=one.id,
            what=one.direction.value,
            reason=one.reason,
            email=one.email,
            digest=None,
            since=one.held_at,
            expires_at=one.expires_at,
            then=one.default,
            is_unreadable=one.is_unreadable,
        )
        for one in mails
    ]
    found += [
        Waiting(
            sort=Sort.CALL,
            id=turn,
            what=step.tool,
            reason=step.reason,
            email=email,
            digest=hosted.digest_of(step) or None,
            since=step.at,
            expires_at=hosted.lapses_at(step),
            then=DefaultOutcome.REFUSE,
            is_unreadable=step.is_unreadable,
        )
        for turn, email, step in calls
    ]
    found += [
        Waiting(
            sort=Sort.PETITION,
            id=one.id,
            what=one.kind.value,
            reason=f"petition.{one.kind.value}",
            email=one.email,
            digest=None if one.is_unreadable else one.digest,
            since=one.made_at,
            expires_at=one.expires_at,
            then=DefaultOutcome.REFUSE,
            is_unreadable=one.is_unreadable,
        )
        for one in asked
    ]
    return sorted(found, key=lambda one: (one.expires_at, one.id))
