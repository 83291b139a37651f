"""Everything that waits for a person: one list, one word on each. Held mail, held calls, petitions."""

from fastapi import APIRouter, status

from gatepost.act.waiting import Sort, waiting
from gatepost.doors.rest import holds, petitions, turns
from gatepost.doors.rest.agent_shapes import NewVerdict
from gatepost.doors.rest.auth import ApprovalsWriter, HouseDep, mailbox_of
from gatepost.doors.rest.hold_shapes import Ruling, WaitingList, WaitingShown, Word
from gatepost.doors.rest.parameters import Limit, MailboxId, WaitingId
from gatepost.doors.rest.petition_shapes import PetitionRuling
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.doors.rest.workbench import BenchDep

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/waiting", tags=["waiting"])

_READ_AT = {Sort.MESSAGE: "holds", Sort.CALL: "turns", Sort.PETITION: "petitions"}
_SORT_OF = {"ho": Sort.MESSAGE, "tu": Sort.CALL, "pt": Sort.PETITION}


@router.get("", summary="List all that waits for a person")
async def page(mailbox_id: MailboxId, house: HouseDep, principal: ApprovalsWriter, limit: Limit = 50) -> WaitingList:
    """Return held messages, held calls and petitions in one list: what ends first at the beginning."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await waiting(tx, account, at=house.clock(), limit=limit)
    return WaitingList(
        items=[
            WaitingShown(
                kind=one.sort,
                id=one.id,
                what=one.what,
                reason=one.reason,
                message_id=one.email,
                digest=one.digest,
                since=one.since,
                expires_at=one.expires_at,
                default_outcome=one.then,
                path=f"/v1/mailboxes/{mailbox_id}/{_READ_AT[one.sort]}/{one.id}",
            )
            for one in found[:limit]
        ],
        is_all=len(found) <= limit,
    )


@router.post("/{waiting_id}/decision", summary="Rule on what waits", status_code=status.HTTP_204_NO_CONTENT)
async def rule(
    mailbox_id: MailboxId,
    waiting_id: WaitingId,
    body: Ruling,
    house: HouseDep,
    bench: BenchDep,
    principal: ApprovalsWriter,
) -> None:
    """Say yes or no, once, whatever it is: as at the hold, the call, or the petition itself.

    A yes needs the digest of what was shown; so does any word on a call, for a turn may have several.
    """
    is_approved = body.decision is Word.APPROVE
    match _SORT_OF.get(waiting_id.partition("_")[0]):
        case Sort.MESSAGE:
            await holds.rule(mailbox_id, waiting_id, body, house, principal)
        case Sort.CALL:
            if body.digest is None:
                raise Problem(Code.REQUEST_INVALID, errors=["digest: must be given for a call"])
            verdict = NewVerdict(is_approved=is_approved)
            await turns.settle(mailbox_id, waiting_id, body.digest, verdict, house, principal)
        case Sort.PETITION:
            ruling = PetitionRuling(decision=body.decision, digest=body.digest)
            await petitions.rule(mailbox_id, waiting_id, ruling, house, bench, principal)
        case None:
            raise missing("waiting")
