"""What an agent writes to somebody: it meets the outbound half of the policy, on the same journey as any mail."""

from fastapi import APIRouter

from gatepost import journey
from gatepost.doors.rest.answers import shown
from gatepost.doors.rest.auth import HouseDep, Sender, within_reach
from gatepost.doors.rest.parameters import IdempotencyKey, MailboxId
from gatepost.doors.rest.shapes import NewLetter, SentShown
from gatepost.mail.address import Address
from gatepost.reply.paper import Letter

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}", tags=["answers"])


@router.post("/messages", summary="Write to somebody")
async def send(
    mailbox_id: MailboxId,
    body: NewLetter,
    house: HouseDep,
    principal: Sender,
    idempotency_key: IdempotencyKey = "",
) -> SentShown:
    """Send a DKIM-signed message to recipients whom the policy's `outbound.recipients` names, through the same gate.

    The same text to the same recipients within 24 hours is the same message and is sent once. 422 `reply.refused` and
    429 `reply.too_many` give the reason code of the gate's decision, which stands in the log.
    """
    letter = Letter(
        tenant=principal.tenant,
        account=within_reach(principal, mailbox_id),
        submitter=principal.key,
        to=tuple(map(Address.parse, body.to)),
        subject=body.subject,
        text=body.text_body,
        idempotency_key=idempotency_key,
    )
    return shown(await journey.send(letter, house))
