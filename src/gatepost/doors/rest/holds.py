"""What waits for a person: listed for everybody who may read, shown to approvers, ruled on by them."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from gatepost import journey
from gatepost.access.paper import Principal, Role
from gatepost.decide import paper as decided
from gatepost.deliver import hold, hold_end, shown
from gatepost.deliver.paper import Hold, HoldState
from gatepost.doors.rest.auth import ApprovalsWriter, HouseDep, MailReader, mailbox_of
from gatepost.doors.rest.hold_shapes import HoldDetail, HoldPage, HoldShown, Ruling, Word
from gatepost.doors.rest.message_shapes import AttachmentShown, DifferenceShown
from gatepost.doors.rest.parameters import HoldId, Limit, ListCursor, MailboxId, OfState
from gatepost.doors.rest.problems import Code, Problem
from gatepost.ids import HoldId as Id
from gatepost.journey import House

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/holds", tags=["holds"])


def _fields(one: Hold) -> dict[str, Any]:
    return {
        "hold_id": one.id,
        "mailbox_id": one.account,
        "message_id": one.email,
        "direction": one.direction,
        "state": one.state,
        "reason": one.reason,
        "author": one.author,
        "recipients": list(one.recipients),
        "size_octets": one.size_octets,
        "held_at": one.held_at,
        "expires_at": one.expires_at,
        "default_outcome": one.default,
        "settled_at": one.settled_at,
        "settled_by": one.settled_by,
        "settled_reason": one.settled_reason,
        "is_erased": one.is_erased,
        "is_unreadable": one.is_unreadable,
    }


async def _found(house: House, principal: Principal, mailbox_id: int, hold_id: str) -> Hold:
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        return await hold.get(tx, Id(hold_id), account)


@router.get("", summary="List what waits")
async def page(
    mailbox_id: MailboxId,
    house: HouseDep,
    principal: MailReader,
    state: OfState = HoldState.WAITING,
    limit: Limit = 50,
    cursor: ListCursor = None,
) -> HoldPage:
    """Return held messages, newest first, and why they wait: nothing of what they say."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await hold.page(tx, account, state=state, limit=limit, cursor=cursor)
    return HoldPage(items=[HoldShown(**_fields(one)) for one in found.holds], next_cursor=found.after)


@router.get("/{hold_id}", summary="Read a held message")
async def show(mailbox_id: MailboxId, hold_id: HoldId, house: HouseDep, principal: MailReader) -> HoldDetail:
    """Return one held message: with what it says while it waits, but to no agent."""
    found = await _found(house, principal, mailbox_id, hold_id)
    is_withheld = principal.role is Role.AGENT or found.state is not HoldState.WAITING or found.is_erased
    if is_withheld:
        return HoldDetail(
            **_fields(found), digest=None, subject=None, body_text=None, plain_text=None, attachments=[], differences=[]
        )
    verified = await hold_end.take_up(found, principal.tenant, house.db, house.blobs, house.extractor)
    reading = verified.evidence.content.reading
    return HoldDetail(
        **_fields(found),
        digest=found.digest,
        subject=found.subject,
        body_text=reading.human,
        plain_text=shown.of(verified.evidence.content).plain,
        attachments=[AttachmentShown.model_validate(asdict(one)) for one in reading.attachments],
        differences=[DifferenceShown.model_validate(asdict(one)) for one in reading.spans],
    )


@router.post("/{hold_id}/decision", summary="Rule on a held message")
async def rule(
    mailbox_id: MailboxId, hold_id: HoldId, body: Ruling, house: HouseDep, principal: ApprovalsWriter
) -> HoldShown:
    """Let a held message go, or refuse it, once.

    An approval is bound to the digest the hold showed. The policy in force speaks again: what it refuses by now is
    refused, and `settled_reason` says so. No agent rules, nor whoever proposed the message.
    """
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await hold.get(tx, Id(hold_id), account)
        await hold.check_approver(tx, found, hold.Approver(id=principal.key, is_agent=principal.role is Role.AGENT))
    is_approved = body.decision is Word.APPROVE
    if is_approved and body.digest is None:
        raise Problem(Code.REQUEST_INVALID, errors=["digest: must be given to approve"])
    ruling = decided.Ruling(is_approved=is_approved, by=principal.key)
    await journey.release(principal.tenant, found.id, ruling, house, digest=body.digest)
    return HoldShown(**_fields(await _found(house, principal, mailbox_id, hold_id)))
