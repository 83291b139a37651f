"""How long is kept, who is erased, and what must stay."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, status

from gatepost import access
from gatepost.doors.rest.auth import AuditReader, RetentionWriter
from gatepost.doors.rest.parameters import LegalHoldId
from gatepost.doors.rest.problems import Code, Problem, missing, unavailable
from gatepost.doors.rest.retention_shapes import (
    ErasureDone,
    HoldList,
    HoldShown,
    MailboxLimit,
    NewErasure,
    NewHold,
    RetentionShown,
)
from gatepost.ids import AccountId
from gatepost.mail.address import Address, AddressError
from gatepost.upkeep import retention
from gatepost.upkeep.retention import Erased, Hold, HoldError, Keeper, RollError, Scope

router = APIRouter(prefix="/v1", tags=["retention"])


def keeper_of(request: Request) -> Keeper:
    """Return who keeps this door's house; asked after whoever calls, so that a stranger learns nothing.

    Raises:
        Problem: 503; nobody does.
    """
    if request.app.state.keeper is None:
        raise unavailable(["keeper"])
    return cast("Keeper", request.app.state.keeper)


KeeperDep = Annotated[Keeper, Depends(keeper_of)]


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as error:
        raise Problem(Code.REQUEST_INVALID, errors=[f"body.address: {error}"]) from error


@router.get("/retention", summary="Read how long is kept")
async def limits(principal: AuditReader, keeper: KeeperDep) -> RetentionShown:
    """Return the plan's limit, the policies' shorter ones, the holds in force and the months that still open."""
    async with keeper.db.transaction(principal.tenant) as tx:
        tenant = await access.tenant(tx)
    if tenant is None:
        raise missing("tenant")
    shown = await retention.show(keeper, tenant)
    return RetentionShown(
        plan=shown.plan,
        days=shown.plan_days,
        mailboxes=[MailboxLimit(mailbox_id=account, days=days) for account, days in shown.mailboxes.items()],
        holds=len(shown.holds),
        months=list(shown.months),
    )


@router.post("/erasures", summary="Erase a person")
async def erase(body: NewErasure, principal: RetentionWriter, keeper: KeeperDep) -> ErasureDone:
    """Remove what this tenant's part of the house holds of a person: mail, record's words, index, queue, keys.

    Leaves and proofs of the log stay as they are: they name nobody. The erasure itself is an entry. What was exported
    is in others' hands. 409 where a legal hold forbids it; also one that is placed meanwhile, which keeps the rest
    until it is released. With `dry_run`, only counts.
    """
    person = _address(body.address)
    try:
        if body.dry_run:
            return _done(await retention.foresee(keeper, principal.tenant, person))
        erased = await retention.erase_person(keeper, principal.tenant, person, actor=principal.key, reason=body.reason)
    except HoldError as error:
        raise Problem(Code.ERASURE_HELD, errors=[str(error)]) from error
    except RollError as error:
        raise unavailable(["keeper.roll"]) from error
    return _done(erased)


def _done(erased: Erased) -> ErasureDone:
    return ErasureDone(**{name: getattr(erased, name) for name in ErasureDone.model_fields})


@router.get("/legal-holds", summary="List the legal holds")
async def holds(principal: AuditReader, keeper: KeeperDep) -> HoldList:
    """Return every legal hold, released ones too, oldest first."""
    found = await retention.holds(keeper, principal.tenant, released=True)
    return HoldList(items=[_hold(each) for each in found])


@router.post("/legal-holds", summary="Place a legal hold", status_code=status.HTTP_201_CREATED)
async def place(body: NewHold, principal: RetentionWriter, keeper: KeeperDep) -> HoldShown:
    """Keep a mailbox, a person's mail, or everything, until the hold is released. It is an entry of the log.

    What is there when this is answered is removed no more, also where an expiry or an erasure is under way: the answer
    waits for the batch that is being removed, half a minute at the most, then 409.
    """
    if body.mailbox_id is not None and body.address is not None:
        raise Problem(Code.HOLD_INVALID, errors=["a hold is of a mailbox or of a person: place two for both"])
    scope = Scope(
        None if body.mailbox_id is None else AccountId(body.mailbox_id),
        None if body.address is None else _address(body.address),
    )
    try:
        made = await retention.place_hold(keeper, principal.tenant, scope, reason=body.reason, actor=principal.key)
    except HoldError as error:
        raise Problem(Code.HOLD_INVALID, errors=[str(error)]) from error
    return _hold(made)


@router.delete("/legal-holds/{legal_hold_id}", summary="Release a legal hold", status_code=status.HTTP_204_NO_CONTENT)
async def release(legal_hold_id: LegalHoldId, principal: RetentionWriter, keeper: KeeperDep) -> None:
    """End a hold: what is old enough goes with the next run, within the hour. It is an entry of the log."""
    try:
        await retention.release_hold(keeper, principal.tenant, legal_hold_id, actor=principal.key)
    except LookupError:
        raise missing("legal hold") from None


def _hold(hold: Hold) -> HoldShown:
    return HoldShown(
        id=hold.id,
        reason=hold.reason,
        mailbox_id=hold.scope.account,
        address=None if hold.scope.person is None else str(hold.scope.person),
        placed_at=hold.placed_at,
        placed_by=hold.placed_by,
        released_at=hold.released_at,
    )
