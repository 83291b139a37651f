"""What an agent may spend on a message, and what it spent: it counts against budgets and stands in the record."""

from fastapi import APIRouter, Request, status

from gatepost import decide, mailbox, record
from gatepost.act import hosted, signed
from gatepost.act.signed import Seal
from gatepost.db import Transaction
from gatepost.decide import budget, grants
from gatepost.decide.budget import Exhausted
from gatepost.doors.rest.auth import HouseDep, UsageWriter, mailbox_of
from gatepost.doors.rest.parameters import MailboxId, MessageId
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.doors.rest.usage_shapes import NewReservation, NewUsage, ReservationMade, UsageTaken
from gatepost.ids import AccountId, EmailId, KeyId, ReservationId
from gatepost.journey import House
from gatepost.mailbox.paper import Email
from gatepost.record import spending
from gatepost.record.paper import Consequence, Kind

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/messages/{message_id}", tags=["usage"])


async def _message(tx: Transaction, account: AccountId, message_id: str) -> Email:
    email = await mailbox.get(tx, account, EmailId(message_id))
    if email is None:
        raise missing("message")
    return email


@router.post("/reservations", summary="Set tokens aside", status_code=status.HTTP_201_CREATED)
async def reserve(
    mailbox_id: MailboxId, message_id: MessageId, body: NewReservation, house: HouseDep, principal: UsageWriter
) -> ReservationMade:
    """Set tokens aside before a model is called for this message; report the usage under the id that is returned.

    409 `budget.exhausted` says which of the budgets has no room for them; that stands in the log.
    """
    at = house.clock()
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        await _message(tx, account, message_id)
        grant = await grants.of_message(tx, account, EmailId(message_id), now=at)
        made = await budget.reserve(tx, grant, body.tokens, at=at, entropy=house.entropy)
        if isinstance(made, Exhausted):
            told = spending.exhausted(grant, made, wanted=body.tokens, actor=principal.key, at=at)
            await record.note(tx, told, entropy=house.entropy)
    if isinstance(made, Exhausted):
        detail = f"{made.reason}: {made.used} of {made.limit} tokens are spent or set aside."
        raise Problem(Code.BUDGET_EXHAUSTED, detail, errors=[made.reason])
    return ReservationMade(reservation_id=made.id, tokens=made.tokens, expires_at=made.expires_at, left=made.left)


@router.post("/usage", summary="Report tokens and tools")
async def report(
    mailbox_id: MailboxId,
    message_id: MessageId,
    body: NewUsage,
    request: Request,
    house: HouseDep,
    principal: UsageWriter,
) -> UsageTaken:
    """Count tokens and tools an agent used for this message. Reports add up: send each expense once.

    With a `reservation_id` they take the place of what was set aside, once: a repeated report answers 409. Sign it
    as our events are signed (Standard Webhooks, with the secret of one of the mailbox's endpoints), and it counts once.
    Where the house has metered a hosted agent's calls for this message itself, its own count holds.
    """
    seal, octets = _seal(request), await request.body()
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        email = await _message(tx, account, message_id)
        if seal is not None:
            await _check(tx, house, account, seal, octets)
        metered = await hosted.tokens_of(tx, account, email.id)
        if metered is None:
            await _charge(tx, house, email, body)
        spent = _spent(email, body, house, principal.key, is_signed=seal is not None, metered=metered)
        entry = await record.note(tx, spent, entropy=house.entropy)
    return UsageTaken(entry_id=entry, is_counted=metered is None)


def _seal(request: Request) -> Seal | None:
    """Return what a call is signed with; None where it is not signed."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    found = [request.headers.get(name, "") for name in names]
    return Seal(*found) if any(found) else None


async def _check(tx: Transaction, house: House, account: AccountId, seal: Seal, octets: bytes) -> None:
    """See that a signed report is what its signer sent, now, and for the first time; raises ``Problem``."""
    at = house.clock()
    if not await signed.is_signed(tx, account, seal, octets, keyring=house.keyring, at=at):
        raise Problem(Code.SIGNATURE_INVALID)
    if not await signed.is_first(tx, seal, at=at):
        raise Problem(Code.RESERVATION_SETTLED)


async def _charge(tx: Transaction, house: House, email: Email, body: NewUsage) -> None:
    at = house.clock()
    if body.reservation_id is None:
        await decide.charge_tokens(
            tx,
            account=email.account,
            sender=email.author.key,
            thread=email.thread,
            email=email.id,
            tokens=body.tokens,
            at=at,
        )
    elif not await budget.settle(tx, ReservationId(body.reservation_id), body.tokens, message=email.id, at=at):
        raise Problem(Code.RESERVATION_SETTLED)


def _spent(
    email: Email, body: NewUsage, house: House, actor: KeyId, *, is_signed: bool, metered: int | None
) -> Consequence:
    """Return the entry: what was claimed counts as tokens only where we have not counted ourselves."""
    claimed = {"tokens": body.tokens} if metered is None else {"tokens_claimed": body.tokens, "tokens_metered": metered}
    return Consequence(
        kind=Kind.USAGE,
        action="usage.reported",
        actor=actor,
        at=house.clock(),
        account=email.account,
        email=email.id,
        object_ref=email.id,
        public={**claimed, "is_signed": is_signed},
        private={"tools": list(body.tools)},
        subject=email.author.key,
    )
