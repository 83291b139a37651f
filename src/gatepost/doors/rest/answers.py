"""What an agent says about a kept message: it sets out on the same journey as any mail."""

from fastapi import APIRouter

from gatepost import journey
from gatepost.doors.rest.auth import Bouncer, HouseDep, Replier, within_reach
from gatepost.doors.rest.message_shapes import NewBounce, NewReply, SentShown
from gatepost.doors.rest.parameters import IdempotencyKey, MailboxId, MessageId
from gatepost.ids import EmailId
from gatepost.reply.paper import Said, Sent, Voice

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/messages/{message_id}", tags=["answers"])


def shown(sent: Sent) -> SentShown:
    """Return what a caller is told of what was sent."""
    return SentShown(
        status="held" if sent.hold else "queued",
        hold_id=sent.hold,
        submission_id=sent.submission,
        message_id=sent.email,
        is_repeat=sent.is_repeat,
    )


@router.post("/reply", summary="Reply to a message's author")
async def reply(
    mailbox_id: MailboxId,
    message_id: MessageId,
    body: NewReply,
    house: HouseDep,
    principal: Replier,
    idempotency_key: IdempotencyKey = "",
) -> SentShown:
    """Send a threaded, DKIM-signed answer to the proven author of a kept message, through the same gate.

    The same text to the same message within 24 hours is the same reply and is sent once; another text is a new mail.
    422 `reply.refused` and 429 `reply.too_many` give the reason code of the gate's decision, which stands in the log.
    """
    said = Said(
        tenant=principal.tenant,
        account=within_reach(principal, mailbox_id),
        submitter=principal.key,
        parent=EmailId(message_id),
        voice=Voice.REPLY,
        text=body.text_body,
        idempotency_key=idempotency_key,
    )
    return shown(await journey.answer(said, house))


@router.post("/bounce", summary="Tell a message's author that it is not accepted")
async def bounce(
    mailbox_id: MailboxId,
    message_id: MessageId,
    body: NewBounce,
    house: HouseDep,
    principal: Bouncer,
    idempotency_key: IdempotencyKey = "",
) -> SentShown:
    """Send a delivery status notification (RFC 3464) that quotes `reason` verbatim.

    Refused where the author is unproven, automatic or the null reverse-path: that would be backscatter.
    """
    said = Said(
        tenant=principal.tenant,
        account=within_reach(principal, mailbox_id),
        submitter=principal.key,
        parent=EmailId(message_id),
        voice=Voice.BOUNCE,
        text=body.reason,
        idempotency_key=idempotency_key,
    )
    return shown(await journey.answer(said, house))
