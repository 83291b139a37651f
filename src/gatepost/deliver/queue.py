"""What waits to leave, for who operates the house: seen, tried at once, given up. Nothing here shows what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gatepost import record
from gatepost.clock import Clock, Entropy
from gatepost.db import Transaction
from gatepost.deliver import store
from gatepost.deliver.paper import Attempt, AttemptResult, State, Submission
from gatepost.deliver.send import KIND, OnSettled, failure
from gatepost.ids import SubmissionId
from gatepost.jobs import Jobs
from gatepost.record.paper import Consequence, Kind

WAITING_MAX = 10_000
"""How much of one tenant is looked at."""

GIVEN_UP = Attempt(AttemptResult.FAILED, 0, "5.4.7", "operator.gave_up")
"""RFC 3463 section 3.5: it stayed in the queue for longer than somebody wanted."""


class Means(Protocol):
    """The part of the house that the queue stands on."""

    @property
    def jobs(self) -> Jobs:
        """Knows when each is tried again."""

    @property
    def clock(self) -> Clock:
        """Tells when it was asked for."""

    @property
    def entropy(self) -> Entropy:
        """Salts the record's commitments."""


class UnderWayError(Exception):
    """It is being tried this moment: nobody knows yet what comes of it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One message for one recipient that waits to leave.

    Attributes:
        submission: what it is.
        due_at: when it is tried again.
        reason: why it waits; empty before its first attempt.
        is_under_way: it is being tried this moment.
    """

    submission: Submission
    due_at: datetime
    reason: str
    is_under_way: bool

    @property
    def destination(self) -> str:
        """The recipient's domain."""
        return self.submission.rcpt_to.domain


async def waiting(
    tx: Transaction, house: Means, wanted: Sequence[SubmissionId] | None = None, *, is_locked: bool = False
) -> list[Waiting]:
    """Return what waits to leave of one tenant, what is tried first at the top.

    Args:
        tx: bound to the tenant.
        house: what it stands on.
        wanted: of these; None: all.
        is_locked: none of it is tried until the transaction ends.
    """
    jobs = await house.jobs.waiting(tx, KIND, wanted, limit=WAITING_MAX, is_locked=is_locked)
    known = await store.by_ids(tx, [SubmissionId(job.key) for job in jobs])
    found = [(known.get(SubmissionId(job.key)), job) for job in jobs]
    return [
        Waiting(submission, job.due_at, job.reason or "", job.is_out)
        for submission, job in found
        if submission is not None and not submission.is_settled
    ]


async def retry(tx: Transaction, house: Means, wanted: Sequence[SubmissionId], *, actor: str) -> int:
    """Have these tried at once, but for those that are being tried; return how many, each of them an entry."""
    now = house.clock()
    idle = [each for each in await waiting(tx, house, wanted, is_locked=True) if not each.is_under_way]
    jobs = await house.jobs.waiting(tx, KIND, [each.submission.id for each in idle], limit=len(idle))
    await store.make_due(tx, [each.submission.id for each in idle], at=now)
    await house.jobs.hasten(tx, [job.id for job in jobs])
    for each in idle:
        await record.note(tx, _act("delivery.retry", each.submission, actor, now), entropy=house.entropy)
    return len(idle)


async def give_up(
    tx: Transaction, house: Means, wanted: SubmissionId, on_settled: OnSettled, *, actor: str
) -> Submission | None:
    """Give one up: its mailbox gets a report, as where the other server refused it; None where it waits no longer.

    Raises:
        UnderWayError: it is being tried this moment.
    """
    now = house.clock()
    for each in await waiting(tx, house, [wanted], is_locked=True):
        submission = each.submission
        if each.is_under_way:
            raise UnderWayError
        await store.update(
            tx,
            submission.id,
            state=State.FAILED,
            attempts=submission.attempts,
            reply_code=submission.reply_code,
            due_at=now,
            settled_at=now,
        )
        await on_settled(tx, submission, State.FAILED, now)
        if submission.mail_from is not None and not submission.is_erased:
            await house.jobs.enqueue(tx, failure(submission.id, GIVEN_UP))  # a notice is not answered by one
        await record.note(tx, _act("delivery.giveup", submission, actor, now), entropy=house.entropy)
        return submission
    return None


def _act(action: str, submission: Submission, actor: str, at: datetime) -> Consequence:
    return Consequence(
        kind=Kind.ACT,
        action=action,
        actor=actor,
        at=at,
        account=submission.account,
        email=submission.answers,
        object_ref=submission.id,
        public={"attempts": submission.attempts},
    )
