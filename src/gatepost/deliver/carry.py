"""Doing what was decided, inside the transaction that decided it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from gatepost import decide, mailbox, record
from gatepost.arrive.paper import Arrived, Direction
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.decide import grants
from gatepost.decide.paper import Decided, Disposition
from gatepost.deliver import hold, store
from gatepost.deliver.paper import CarriedOut, Held, Kept, Queued, Refused, State, Submission
from gatepost.ids import AccountId, EmailId, SubmissionId, ThreadId
from gatepost.mail.address import Address
from gatepost.mailbox.paper import Email
from gatepost.mailbox.threads import keys_of, new_thread
from gatepost.record.paper import Consequence, Kind, Recorded
from gatepost.verify import authres
from gatepost.verify.paper import Verified

SAME_FOR = timedelta(hours=24)
"""How long a repeated submission is the same one."""

NO_AUTHOR = Address("no-author", "invalid")
"""Stands for the author of kept mail that names none; only ``postmaster`` keeps such mail (RFC 5321 section 4.5.1)."""

_REFERENCES_MAX = 100


class AlreadySubmittedError(Exception):
    """The same submission was accepted within the last 24 hours; this one changed nothing."""

    def __init__(self, submission: SubmissionId) -> None:
        super().__init__("already submitted")
        self.submission = submission

    @property
    def email(self) -> EmailId:
        """The message that submission sends: the same suffix under ``em_``."""
        return email_of(self.submission)


def submission_of(email: EmailId, number: int = 1) -> SubmissionId:
    """Return the id of the submission that sends ``email`` to its ``number``-th recipient."""
    suffix = f".{number}" if number > 1 else ""
    return SubmissionId("su_" + email.removeprefix("em_") + suffix)


def email_of(submission: SubmissionId) -> EmailId:
    """Return the id of the message ``submission`` sends."""
    return EmailId("em_" + submission.removeprefix("su_").partition(".")[0])


def conversation_of(verified: Verified) -> frozenset[tuple[AccountId, bytes]]:
    """Return marks that a message has in common with every other of its thread: what cannot be carried side by side."""
    content = verified.evidence.content
    return frozenset((verified.arrived.account, key) for key in keys_of(content.message_id, content.references))


async def conversations(tx: Transaction, verified: Sequence[Verified]) -> dict[EmailId, ThreadId]:
    """Return the thread each message would lie in, or, where it is outbound, that of the message it answers.

    An answer to nothing kept is not in it. What answers nothing begins a thread. No two of the messages may belong to
    one conversation (``conversation_of``): neither would see the other. It is asked together with what deciding needs,
    before anybody knows what will be delivered: a round trip costs more than looking in vain.
    """
    threads: dict[EmailId, ThreadId] = {}
    coming = [_newcomer(one) for one in verified if one.arrived.direction is Direction.INBOUND]
    if coming:
        found = await mailbox.threads_for(tx, coming)
        threads.update((newcomer.email, thread) for newcomer, thread in zip(coming, found, strict=True))
    for arrived in (one.arrived for one in verified if one.arrived.direction is Direction.OUTBOUND):
        if arrived.in_reply_to is None:
            threads[arrived.email] = new_thread(arrived.email)
        elif parent := await mailbox.get(tx, arrived.account, arrived.in_reply_to):
            threads[arrived.email] = parent.thread
    return threads


def threads_of(decided: Sequence[Decided], threads: Mapping[EmailId, ThreadId]) -> list[ThreadId | None]:
    """Return the thread of each message, of its ``conversations``; None for what is not to be delivered."""
    return [
        threads.get(one.arrived.email) if one.decision.disposition is Disposition.DELIVER else None for one in decided
    ]


def _newcomer(verified: Verified) -> mailbox.Newcomer:
    arrived, content = verified.arrived, verified.evidence.content
    return mailbox.Newcomer(arrived.account, arrived.email, content.message_id, content.references)


async def carry_out_all(tx: Transaction, recorded: Sequence[Recorded], *, entropy: Entropy) -> list[CarriedOut]:
    """Do what was decided, inside the same transaction, in the threads the record names.

    Raises:
        AlreadySubmittedError: an outbound message is the same as one accepted within the last 24 hours.
        KeyReusedError: it says something else under the same caller's key.
        OvertakenError: a message's thread is another one by now.
    """
    done = [CarriedOut(one, _at_once(one) or await _outcome(tx, one, entropy)) for one in recorded]
    for one in done:
        if isinstance(one.outcome, Queued) or (isinstance(one.outcome, Held) and _is_outbound(one)):
            thread, is_queued = one.recorded.thread, isinstance(one.outcome, Queued)
            decide.charge_sent(tx, one.recorded.decided, thread, is_queued=is_queued)
    decide.charge_waiting(tx, [one.recorded.decided for one in done if isinstance(one.outcome, Held)])
    kept = [(one.recorded, one.outcome.thread) for one in done if isinstance(one.outcome, Kept)]
    # Side by side: one round trip. Whether a thread is another one by now, is told before the commit.
    await asyncio.gather(
        mailbox.keep_all(tx, [email_from(one, thread) for one, thread in kept]), _charge(tx, done, kept)
    )
    return done


async def _charge(tx: Transaction, done: Sequence[CarriedOut], kept: Sequence[tuple[Recorded, ThreadId]]) -> None:
    """Send along what nobody waits for: windows, grants, bodies."""
    decide.charge_all(tx, [one.recorded.decided for one in done if isinstance(one.outcome, Kept | Queued)])
    grants.issue_all(tx, [(one.decided, thread) for one, thread in kept])
    verified = [one.recorded.decided.verified for one in done if not isinstance(one.outcome, Refused)]
    mailbox.keep_bodies(tx, map(body_of, verified))


def _is_outbound(done: CarriedOut) -> bool:
    return done.recorded.arrived.direction is Direction.OUTBOUND


def body_of(verified: Verified) -> mailbox.Body:
    """Return the message's octets as they will lie, and whose keys seal them."""
    arrived = verified.arrived
    return mailbox.Body(
        email=arrived.email, octets=arrived.raw, received_at=arrived.received_at, subject=verified.subject
    )


def _at_once(recorded: Recorded) -> Kept | None:
    """Return what becomes of most mail, for which nothing has to be waited."""
    arrived = recorded.arrived
    if recorded.decision.disposition is not Disposition.DELIVER or arrived.direction is Direction.OUTBOUND:
        return None
    return Kept(arrived.email, recorded.thread or new_thread(arrived.email), wakes=not arrived.is_postmaster)


async def _outcome(tx: Transaction, recorded: Recorded, entropy: Entropy) -> Held | Queued | Refused:
    disposition = recorded.decision.disposition
    match disposition:
        case Disposition.DELIVER:
            return await _queue(tx, recorded, entropy)
        case Disposition.HOLD:
            return await _hold(tx, recorded)
        case Disposition.REJECT | Disposition.DEFER | Disposition.DISCARD:
            return Refused()
        case _:
            assert_never(disposition)


async def _hold(tx: Transaction, recorded: Recorded) -> Held:
    """Let it wait. What an agent proposed twice waits once."""
    arrived = recorded.arrived
    if arrived.identity is not None:
        await _claim(tx, arrived)
    return await hold.keep(tx, recorded)


async def _claim(tx: Transaction, arrived: Arrived) -> None:
    """Claim what makes a submission the same one; raises ``AlreadySubmittedError`` where another has claimed it."""
    identifier = submission_of(arrived.email)
    earlier = await store.claim(
        tx,
        arrived.account,
        arrived.identity or "",
        identifier,
        at=arrived.received_at,
        held_for=SAME_FOR,
        said=arrived.said,
    )
    if earlier is not None:
        raise AlreadySubmittedError(earlier)


def email_from(recorded: Recorded, thread: ThreadId) -> Email:
    """Return the message at rest: what the later rooms may know of it."""
    arrived = recorded.arrived
    evidence = recorded.decided.verified.evidence
    content = evidence.content
    grant = recorded.decision.grant
    return Email(
        id=arrived.email,
        account=arrived.account,
        thread=thread,
        blob=arrived.blob,
        size_octets=len(arrived.raw),
        received_at=arrived.received_at,
        author=evidence.author or arrived.envelope.mail_from or NO_AUTHOR,
        recipient=arrived.envelope.rcpt_to[0],
        reply_to=content.reply_to,
        subject=content.subject,
        reading=content.reading,
        from_shown=content.from_shown,
        to_shown=content.to_shown,
        message_id=content.message_id,
        references=content.references[-_REFERENCES_MAX:],
        is_proven=evidence.author is not None and recorded.decision.is_author_proven,
        is_automatic=arrived.envelope.mail_from is None or evidence.auto.is_automatic,
        capabilities=grant.capabilities if grant else (),
        labels=recorded.decision.labels,
        verification={
            "dkim": evidence.dkim_result._value_,  # what ``value`` returns, at a sixth of the cost
            "spf": evidence.spf.result._value_,
            "dmarc": evidence.dmarc.result._value_,
            "arc": evidence.arc.result._value_,
            "from_alignment": None if evidence.author is None else evidence.is_aligned,
            "results": authres.results(evidence),
            "injection_score": evidence.injection.score,
        },
    )


async def _queue(tx: Transaction, recorded: Recorded, entropy: Entropy) -> Queued:
    arrived = recorded.arrived
    author = recorded.decided.verified.evidence.author
    if arrived.identity is None or author is None:
        raise RuntimeError("an outbound message must say who wrote it, and what makes it the same")
    if recorded.decided.facts.ruling is None:  # else its claim was made when it was held, and may have lapsed since
        await _claim(tx, arrived)
    submissions = [
        _submission(recorded, author.domain, rcpt_to, number)
        for number, rcpt_to in enumerate(arrived.envelope.rcpt_to, 1)
    ]
    for submission in submissions:
        await store.insert(tx, submission)
    if recorded.thread is not None:  # what answers this message comes back into its thread
        message_id = recorded.decided.verified.evidence.content.message_id
        await mailbox.follow(tx, arrived.account, message_id=message_id, thread_id=recorded.thread)
    for submission in submissions:
        await record.note(tx, _consequence(recorded, submission), entropy=entropy)
    return Queued(tuple(submission.id for submission in submissions))


def _submission(recorded: Recorded, author_domain: str, rcpt_to: Address, number: int) -> Submission:
    arrived = recorded.arrived
    return Submission(
        id=submission_of(arrived.email, number),
        email=arrived.email,
        answers=arrived.in_reply_to or arrived.email,
        account=arrived.account,
        blob=arrived.blob,
        author_domain=author_domain,
        mail_from=arrived.envelope.mail_from,
        rcpt_to=rcpt_to,
        state=State.QUEUED,
        attempts=0,
        submitted_at=recorded.decided.at,
        due_at=recorded.decided.at,
    )


def _consequence(recorded: Recorded, submission: Submission) -> Consequence:
    kind = Kind.BOUNCE if submission.mail_from is None else Kind.REPLY
    return Consequence(
        kind=kind,
        action=f"{kind.value}.queued",
        actor=recorded.arrived.submitter or "house",
        at=recorded.decided.at,
        account=submission.account,
        email=submission.answers,
        object_ref=submission.id,
        public={"submission": submission.id, "email": submission.email},
        private={"to": str(submission.rcpt_to), "body": submission.blob},
        subject=submission.rcpt_to.key,
    )


async def submitted(
    tx: Transaction, account: AccountId, identity: str, said: str, *, at: datetime
) -> SubmissionId | None:
    """Return the submission that is the same as one of this ``identity`` that says ``said`` would be now, or None.

    Raises:
        KeyReusedError: under this identity something else was said.
    """
    return await store.holder(tx, account, identity, since=at - SAME_FOR, said=said)
