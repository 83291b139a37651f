"""What an agent writes to somebody: it meets the outbound half of the policy, on the same journey as any mail."""

from fastapi import APIRouter

from gatepost import domains, journey
from gatepost.access.paper import Principal
from gatepost.decide import capabilities
from gatepost.doors.rest.answers import shown
from gatepost.doors.rest.auth import HouseDep, Sender, mailbox_of
from gatepost.doors.rest.granted import OnAny, Shown, demand
from gatepost.doors.rest.message_shapes import NewLetter, SentShown
from gatepost.doors.rest.parameters import IdempotencyKey, MailboxId
from gatepost.ids import AccountId
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.reply.paper import Letter

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}", tags=["answers"])


@router.post("/messages", summary="Write to somebody")
async def send(
    mailbox_id: MailboxId,
    body: NewLetter,
    house: HouseDep,
    principal: Sender,
    basis: OnAny,
    idempotency_key: IdempotencyKey = "",
) -> SentShown:
    """Send a DKIM-signed message to recipients whom the policy's `outbound.recipients` names, through the same gate.

    The same text to the same recipients within 24 hours is the same message and is sent once. 422 `reply.refused` and
    429 `reply.too_many` give the reason code of the gate's decision, which stands in the log.

    An agent's key needs the capability `send` for recipients inside the tenant's own domains, and `send_external` for
    those outside: of the message it works on, or of the policy's `onItsOwn` where it names none.
    """
    to = tuple(map(Address.parse, body.to))
    await _demand(house, principal, mailbox_id, basis, to)
    letter = Letter(
        tenant=principal.tenant,
        account=AccountId(mailbox_id),
        submitter=principal.key,
        to=to,
        subject=body.subject,
        text=body.text_body,
        idempotency_key=idempotency_key,
    )
    return shown(await journey.send(letter, house))


async def _demand(house: House, principal: Principal, mailbox_id: int, basis: Shown, to: tuple[Address, ...]) -> None:
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        inside = {each.name for each in await domains.list_domains(tx)}
    wanted = {capabilities.SEND if each.domain in inside else capabilities.SEND_EXTERNAL for each in to}
    await demand(house, principal, account, basis, *sorted(wanted))
