"""What hosted agents did: their turns, each call of a tool, and a person's word on those that wait for one."""

from typing import Any

from fastapi import APIRouter, status

from gatepost.act import hosted
from gatepost.act.hosted import Step
from gatepost.act.hosted.labels import Label
from gatepost.doors.rest.agent_shapes import (
    CallShown,
    HeldCall,
    HeldCalls,
    NewVerdict,
    TurnPage,
    TurnShown,
    TurnWithCalls,
)
from gatepost.doors.rest.auth import AgentsReader, ApprovalsWriter, HouseDep, mailbox_of
from gatepost.doors.rest.parameters import CallDigest, Limit, MailboxId, TurnId, Until
from gatepost.doors.rest.problems import missing
from gatepost.ids import TurnId as Turn

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/turns", tags=["turns"])


def _shown(row: Any) -> dict[str, Any]:
    return {
        "turn_id": row.id,
        "agent_id": row.agent,
        "agent_version": row.version,
        "message_id": row.email,
        "thread_id": row.thread,
        "state": row.state,
        "reason": row.reason,
        "label": Label(row.label).word,
        "failures": row.failures,
        "began_at": row.began_at,
        "changed_at": row.changed_at,
    }


def _call(step: Step) -> CallShown:
    return CallShown(
        step=step.step,
        place=step.place,
        tool=str(step.content.get("name", step.tool)),
        state=step.state.value,
        reason=step.reason,
        label=step.label.word,
        arguments=step.content.get("arguments"),
        result=step.content.get("result"),
        digest=hosted.digest_of(step),
        result_digest=hosted.result_digest_of(step),
        tokens=step.tokens,
        cost_microusd=step.cost_microusd,
        settled_by=step.actor,
        at=step.at,
        is_unreadable=step.is_unreadable,
    )


@router.get("", summary="List turns")
async def page(
    mailbox_id: MailboxId, house: HouseDep, principal: AgentsReader, limit: Limit = 50, until: Until = None
) -> TurnPage:
    """Return turns, newest first; pass the last one's `began_at` as `until` to continue."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        rows = await hosted.turns(tx, account, limit=limit, before=until)
    return TurnPage(items=[TurnShown.model_validate(_shown(row)) for row in rows])


@router.get("/held", summary="List calls that wait for a person")
async def held(mailbox_id: MailboxId, house: HouseDep, principal: AgentsReader, limit: Limit = 50) -> HeldCalls:
    """Return every held call of the mailbox's turns, with the digest that an approval is bound to."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await hosted.held_calls(tx, account, limit=limit)
    return HeldCalls(
        items=[
            HeldCall(
                **_call(step).model_dump(),
                turn_id=turn,
                message_id=email,
                expires_at=hosted.lapses_at(step),
            )
            for turn, email, step in found
        ]
    )


@router.get("/{turn_id}", summary="Read a turn")
async def read(mailbox_id: MailboxId, turn_id: TurnId, house: HouseDep, principal: AgentsReader) -> TurnWithCalls:
    """Return one turn with every call it asked for."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        row = await hosted.turn_row(tx, account, Turn(turn_id))
        if row is None:
            raise missing("turn")
        steps = await hosted.listed_steps(tx, Turn(turn_id))
    return TurnWithCalls.model_validate({**_shown(row), "calls": [_call(step) for step in steps if step.place]})


@router.post("/{turn_id}/calls/{digest}", summary="Approve or deny a held call", status_code=status.HTTP_202_ACCEPTED)
async def settle(
    mailbox_id: MailboxId,
    turn_id: TurnId,
    digest: CallDigest,
    body: NewVerdict,
    house: HouseDep,
    principal: ApprovalsWriter,
) -> CallShown:
    """Say whether exactly this call may run; return it as it stands now, `approved` or `denied`.

    The turn goes on by itself; grant and limits still hold for the call. Read the turn to see what came of it.
    """
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        turn, call = await hosted.settle_held(
            tx,
            account,
            Turn(turn_id),
            digest=digest,
            is_approved=body.is_approved,
            actor=principal.key,
            at=house.clock(),
            entropy=house.entropy,
        )
        await house.jobs.enqueue(tx, hosted.promise(turn.email, turn.thread))
    return _call(call)
