"""Turn what the agent wants to say into a message that arrives like any other."""

from datetime import datetime

from gatepost import access, deliver, mailbox
from gatepost.arrive.paper import Arrived
from gatepost.blobs import address_of
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.deliver import hold
from gatepost.deliver.paper import CarriedOut, Held, Queued
from gatepost.ids import EmailId, SubmissionId, token
from gatepost.keys import ErasedError
from gatepost.mail.own_ids import OwnIds
from gatepost.reply.compose import Draft, recipient_of, write
from gatepost.reply.identity import identity_of
from gatepost.reply.paper import ParentMissingError, ReplyRefusedError, Said, Sent, Voice

__all__ = ["ParentMissingError", "ReplyRefusedError", "Said", "Sent", "Voice", "compose", "conclude", "repeat"]


async def compose(
    tx: Transaction, said: Said, *, at: datetime, own_ids: OwnIds, hostname: str, entropy: Entropy
) -> Arrived | Sent:
    """Write the message that says it, ready to set out; or return what an identical call has sent already.

    Raises:
        ParentMissingError: there is no such message.
        ErasedError: nobody can read any more whom it came from.
    """
    identity = identity_of(said)
    parent = await mailbox.get(tx, said.account, said.parent)
    account = await access.account(tx, said.account)
    if parent is None or account is None:
        raise ParentMissingError(said.parent)
    if parent.is_erased:
        raise ErasedError(said.parent)
    earlier = await deliver.submitted(tx, said.account, identity, at=at)
    if earlier is not None:
        return await _earlier(tx, earlier)
    email = EmailId(token("em", entropy(10)))
    draft = Draft(
        email=email,
        message_id=own_ids.write(email, account.address.domain),
        author=account.address,
        parent=parent,
        voice=said.voice,
        text=said.text,
        at=at,
        hostname=hostname,
    )
    raw = write(draft)
    return Arrived.by_submission(
        email=email,
        tenant=said.tenant,
        account=said.account,
        author=account.address,
        recipient=recipient_of(parent, said.voice),
        is_notice=said.voice is Voice.BOUNCE,
        submitter=said.submitter,
        in_reply_to=said.parent,
        identity=identity,
        raw=raw,
        blob=address_of(raw),
        received_at=at,
    )


def conclude(done: CarriedOut) -> Sent:
    """Say what became of it.

    Raises:
        ReplyRefusedError: the gate refused it.
    """
    match done.outcome:
        case Queued(submission=submission):
            return Sent(submission, deliver.email_of(submission), is_repeat=False)
        case Held(email=email, hold=waiting):
            return Sent(deliver.submission_of(email), email, is_repeat=False, hold=waiting)
        case _:
            raise ReplyRefusedError(done.recorded.decision.reason.value)


async def repeat(tx: Transaction, earlier: deliver.AlreadySubmittedError) -> Sent:
    """Say that an identical call, a moment before, has sent it."""
    return await _earlier(tx, earlier.submission)


async def _earlier(tx: Transaction, submission: SubmissionId) -> Sent:
    email = deliver.email_of(submission)
    return Sent(submission, email, is_repeat=True, hold=await hold.waiting(tx, email))
