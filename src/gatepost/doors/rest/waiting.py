"""Everything that waits for a person: one list, one word on each. Held mail, held calls, petitions."""

from fastapi import APIRouter

from gatepost.act.waiting import Sort, waiting
from gatepost.doors.rest import holds, petitions, turns
from gatepost.doors.rest.agent_shapes import NewVerdict
from gatepost.doors.rest.auth import ApprovalsWriter, HouseDep, mailbox_of
from gatepost.doors.rest.hold_shapes import Ruling, WaitingList, WaitingRuled, WaitingShown, Word
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
                is_unreadable=one.is_unreadable,
                path=_path(mailbox_id, one.sort, one.id),
            )
            for one in found[:limit]
        ],
        is_all=len(found) <= limit,
    )


@router.post("/{waiting_id}/decision", summary="Rule on what waits")
async def rule(
    mailbox_id: MailboxId,
    waiting_id: WaitingId,
    body: Ruling,
    house: HouseDep,
    bench: BenchDep,
    principal: ApprovalsWriter,
) -> WaitingRuled:
    """Say yes or no, once, whatever it is: as at the hold, the call, or the petition itself. Return how it stands then.

    A yes needs the digest of what was shown; so does any word on a call, for a turn may have several.
    """
    is_approved = body.decision is Word.APPROVE
    match _SORT_OF.get(waiting_id.partition("_")[0]):
        case Sort.MESSAGE:
            hold = await holds.rule(mailbox_id, waiting_id, body, house, principal)
            return _ruled(mailbox_id, waiting_id, Sort.MESSAGE, hold.state, hold.settled_reason)
        case Sort.CALL:
            if body.digest is None:
                raise Problem(Code.REQUEST_INVALID, errors=["digest: must be given for a call"])
            verdict = NewVerdict(is_approved=is_approved)
            call = await turns.settle(mailbox_id, waiting_id, body.digest, verdict, house, principal)
            return _ruled(mailbox_id, waiting_id, Sort.CALL, call.state, call.reason)
        case Sort.PETITION:
            ruling = PetitionRuling(decision=body.decision, digest=body.digest)
            asked = await petitions.rule(mailbox_id, waiting_id, ruling, house, bench, principal)
            return _ruled(mailbox_id, waiting_id, Sort.PETITION, asked.state, None)
        case None:
            raise missing("waiting")


def _ruled(mailbox_id: int, waiting_id: str, sort: Sort, state: str, reason: str | None) -> WaitingRuled:
    return WaitingRuled(
        kind=sort, id=waiting_id, state=state, reason=reason or None, path=_path(mailbox_id, sort, waiting_id)
    )


def _path(mailbox_id: int, sort: Sort, waiting_id: str) -> str:
    return f"/v1/mailboxes/{mailbox_id}/{_READ_AT[sort]}/{waiting_id}"
