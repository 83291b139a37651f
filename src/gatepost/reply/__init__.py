"""Turn what the agent wants to say into a message that arrives like any other."""

from datetime import datetime

from gatepost import access, decide, deliver, mailbox
from gatepost.arrive.paper import Arrived
from gatepost.blobs import address_of
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.deliver import hold
from gatepost.deliver.paper import CarriedOut, Held, HoldState, Queued
from gatepost.ids import SubmissionId, email_id
from gatepost.keys import ErasedError
from gatepost.mail.own_ids import OwnIds
from gatepost.reply.compose import Draft, recipient_of, write
from gatepost.reply.identity import digest_of, identity_of, letter_digest_of, letter_identity_of
from gatepost.reply.letter import write_letter
from gatepost.reply.notice import Failed, notice_id, write_notice
from gatepost.reply.original import header_of, read_header
from gatepost.reply.paper import Letter, ParentMissingError, ReplyRefusedError, Said, Sent, Voice

__all__ = [
    "Failed",
    "Letter",
    "ParentMissingError",
    "ReplyRefusedError",
    "Said",
    "Sent",
    "Voice",
    "compose",
    "compose_letter",
    "conclude",
    "header_of",
    "notice_id",
    "read_header",
    "repeat",
    "write_notice",
]


async def compose(
    tx: Transaction,
    said: Said,
    *,
    at: datetime,
    own_ids: OwnIds,
    hostname: str,
    entropy: Entropy,
    original: bytes = b"",
) -> Arrived | Sent:
    """Write the message that says it, ready to set out; or return what an identical call has sent already.

    The policy's footer stands below a reply, so that the gate, the record and the signature see it like any word.

    Args:
        tx: reads the message it is about.
        said: what to say.
        at: aware UTC time of now.
        own_ids: writes its Message-ID.
        hostname: ours.
        entropy: draws its id.
        original: the header of the message a bounce is about, as ``read_header`` returned it.

    Raises:
        ParentMissingError: there is no such message.
        ErasedError: nobody can read any more whom it came from.
        KeyReusedError: the caller's key stands for another text already.
        ReplyRefusedError: an identical call's message waited, and was refused.
    """
    identity = identity_of(said)
    parent = await mailbox.get(tx, said.account, said.parent)
    account = await access.account(tx, said.account)
    if parent is None or account is None:
        raise ParentMissingError(said.parent)
    if parent.is_erased:
        raise ErasedError(said.parent)
    earlier = await deliver.submitted(tx, said.account, identity, digest_of(said), at=at)
    if earlier is not None:
        return await _earlier(tx, earlier)
    email = email_id(at, entropy(10))
    draft = Draft(
        email=email,
        message_id=own_ids.write(email, account.address.domain),
        author=account.address,
        parent=parent,
        voice=said.voice,
        text=said.text,
        at=at,
        hostname=hostname,
        footer=await decide.footer_of(tx, said.account) if said.voice is Voice.REPLY else "",
        original=original,
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
        said=digest_of(said),
        raw=raw,
        blob=address_of(raw),
        received_at=at,
    )


async def compose_letter(
    tx: Transaction, letter: Letter, *, at: datetime, own_ids: OwnIds, entropy: Entropy
) -> Arrived | Sent:
    """Write a message that answers nothing, ready to set out; or return what an identical call has sent already.

    Raises:
        ParentMissingError: there is no such account.
        KeyReusedError: the caller's key stands for another message already.
        ReplyRefusedError: an identical call's message waited, and was refused.
    """
    identity, said = letter_identity_of(letter), letter_digest_of(letter)
    account = await access.account(tx, letter.account)
    if account is None:
        raise ParentMissingError(letter.account)
    earlier = await deliver.submitted(tx, letter.account, identity, said, at=at)
    if earlier is not None:
        return await _earlier(tx, earlier)
    email = email_id(at, entropy(10))
    raw = write_letter(
        letter,
        author=account.address,
        message_id=own_ids.write(email, account.address.domain),
        at=at,
        footer=await decide.footer_of(tx, letter.account),
    )
    return Arrived.by_letter(
        email=email,
        tenant=letter.tenant,
        account=letter.account,
        author=account.address,
        recipients=tuple({each.key: each for each in letter.to}.values()),
        submitter=letter.submitter,
        identity=identity,
        said=said,
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
    """Say that an identical call, a moment before, has sent it.

    Raises:
        ReplyRefusedError: what it sent waited, and was refused.
    """
    return await _earlier(tx, earlier.submission)


async def _earlier(tx: Transaction, submission: SubmissionId) -> Sent:
    email = deliver.email_of(submission)
    found = await hold.on_email(tx, email)
    if found is not None and found.state is HoldState.REFUSED:
        raise ReplyRefusedError(found.settled_reason or "")
    waiting = found.id if found is not None and found.state is HoldState.WAITING else None
    return Sent(submission, email, is_repeat=True, hold=waiting)
