"""What an agent spent on a message: it counts against the sender's budget and stands in the record."""

from fastapi import APIRouter

from gatepost import decide, mailbox, record
from gatepost.doors.rest.auth import HouseDep, UsageWriter, mailbox_of
from gatepost.doors.rest.parameters import MailboxId, MessageId
from gatepost.doors.rest.problems import missing
from gatepost.doors.rest.shapes import NewUsage, UsageTaken
from gatepost.ids import EmailId
from gatepost.record.paper import Consequence, Kind

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/messages/{message_id}", tags=["usage"])


@router.post("/usage", summary="Report tokens and tools")
async def report(
    mailbox_id: MailboxId, message_id: MessageId, body: NewUsage, house: HouseDep, principal: UsageWriter
) -> UsageTaken:
    """Count tokens and tools an agent used for this message. Reports add up: send each expense once."""
    at = house.clock()
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        email = await mailbox.get(tx, account, EmailId(message_id))
        if email is None:
            raise missing("message")
        await decide.charge_tokens(
            tx, account=account, sender=email.author.key, thread=email.thread, tokens=body.tokens, at=at
        )
        spent = Consequence(
            kind=Kind.USAGE,
            action="usage.reported",
            actor=principal.key,
            at=at,
            account=account,
            email=email.id,
            object_ref=email.id,
            public={"tokens": body.tokens, "tools": list(body.tools)},
        )
        entry = await record.note(tx, spent, entropy=house.entropy)
    return UsageTaken(entry_id=entry)
