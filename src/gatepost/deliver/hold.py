"""Holding a message for a person: what waits, until when, and who may rule on it (docs/adr/0034)."""

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple

from gatepost import access
from gatepost.db import Transaction
from gatepost.deliver import hold_store
from gatepost.deliver.paper import DefaultOutcome, Held, Hold, HoldState
from gatepost.ids import AccountId, EmailId, HoldId
from gatepost.jobs import Promise
from gatepost.keys import cut, place_of, read_timed, timed
from gatepost.record.paper import Recorded
from gatepost.verify import again
from gatepost.verify.paper import Verified

EXPIRE = "hold.expire"


class HoldMissingError(LookupError):
    """There is no such hold in this account."""


class ApproverError(Exception):
    """Whoever rules may not: an agent, or the one who proposed the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who rules.

    Attributes:
        id: of a key, of a person who came by their own mailed link, or a word of ours; it stands in the record.
        is_agent: an agent's key, whatever scopes it has.
    """

    id: str
    is_agent: bool = False

    @property
    def is_mailed(self) -> bool:
        """True of a person who came by their own link."""
        return self.id.startswith("pe_")


def hold_of(email: EmailId) -> HoldId:
    """Return the id of the hold on ``email``."""
    return HoldId("ho_" + email.removeprefix("em_"))


def digest_of(verified: Verified) -> str:
    """Return SHA-256, in hex, of what an approval is bound to: the octets and the recipients, in their order."""
    arrived = verified.arrived
    bound = [arrived.blob, *(str(each) for each in arrived.envelope.rcpt_to)]
    return hashlib.sha256(json.dumps(bound).encode()).hexdigest()


def expiry(held: Held) -> Promise:
    """Promise to end the wait."""
    return Promise(EXPIRE, held.hold, {"hold": held.hold})


async def keep(tx: Transaction, recorded: Recorded) -> Held:
    """Let a message wait, with the transaction that recorded the decision."""
    verified, arrived = recorded.decided.verified, recorded.arrived
    author, wait = verified.evidence.author, recorded.decision.wait
    hold = Hold(
        id=hold_of(arrived.email),
        account=arrived.account,
        email=arrived.email,
        direction=arrived.direction,
        reason=recorded.decision.detail or recorded.decision.reason.value,
        state=HoldState.WAITING,
        default=DefaultOutcome.DELIVER if wait.is_delivered else DefaultOutcome.REFUSE,
        proposer=arrived.submitter,
        size_octets=len(arrived.raw),
        held_at=arrived.received_at,
        expires_at=arrived.received_at + wait.lasts,
        digest=digest_of(verified),
        blob=arrived.blob,
        author=None if author is None else str(author),
        recipients=tuple(str(each) for each in arrived.envelope.rcpt_to),
        subject=verified.evidence.content.subject,
        about=verified.subject,
        paper=again.spell(verified),
    )
    await hold_store.insert(tx, hold)
    return Held(arrived.email, hold.id, hold.expires_at)


async def get(tx: Transaction, hold: HoldId, account: AccountId | None = None) -> Hold:
    """Return a hold; of that account alone, where one is named.

    Raises:
        HoldMissingError: there is none.
    """
    found = await hold_store.by_id(tx, hold)
    if found is None or account not in {None, found.account}:
        raise HoldMissingError(hold)
    return found


async def on_email(tx: Transaction, email: EmailId) -> Hold | None:
    """Return the hold on ``email``, whether it waits or how it ended; None where it never waited."""
    return await hold_store.by_id(tx, hold_of(email))


class Page(NamedTuple):
    """Holds, newest first. ``after`` continues the list after them; None at its end."""

    holds: list[Hold]
    after: str | None


async def page(
    tx: Transaction, account: AccountId, *, state: HoldState | None, limit: int, cursor: str | None = None
) -> Page:
    """Return an account's holds, newest first; after those that a page of the same list ended with.

    Raises:
        CursorError: the cursor continues another list, or none.
    """
    of_list = f"holds/{account}/{state}"
    below = None if cursor is None else read_timed(place_of(tx.vault, of_list, cursor))
    found = await hold_store.page(tx, account, state=state, limit=limit + 1, below=below)
    return Page(*cut(tx.vault, of_list, found, limit, lambda hold: timed(hold.held_at, hold.id)))


async def check_approver(tx: Transaction, hold: Hold, approver: Approver) -> None:
    """See that whoever rules may: no agent does, nor whoever wrote or submitted the message.

    Nobody does who may be one of these, either: by a link what a key proposed of which nobody knows whose it is, or by
    such a key what one of the tenant's own people wrote (``access.who``).

    Raises:
        ApproverError: they may not.
    """
    is_proposer = hold.proposer is not None and await access.may_be_same(tx, approver.id, hold.proposer)
    is_author = hold.author is not None and await access.may_be_at(tx, approver.id, hold.author)
    if approver.is_agent or is_proposer or is_author:
        raise ApproverError(approver.id)
