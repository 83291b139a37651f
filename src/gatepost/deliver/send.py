"""Keeping the promise to send: one attempt per run, each of them an entry of the record."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from gatepost import domains, mailbox, record
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.clock import Clock, Entropy
from gatepost.db import Transaction
from gatepost.deliver import own_mail, store
from gatepost.deliver.client import Letter, transmit
from gatepost.deliver.paper import Attempt, AttemptResult, CarriedOut, Queued, State, Submission
from gatepost.deliver.retry import next_attempt_at
from gatepost.deliver.route import find_hops
from gatepost.deliver.sign import sign
from gatepost.deliver.traffic import CROWDED, Called, CrowdedError, call, share_of
from gatepost.domains.paper import SigningKey
from gatepost.ids import SubmissionId, TenantId
from gatepost.jobs import Handler, Job, Promise, TryAgainError
from gatepost.keys import ErasedError
from gatepost.record.paper import Consequence, Kind

KIND = "deliver.attempt"
FAILED = "deliver.failed"
"""Kept by ``journey``: the account hears of it by the road that all mail takes."""

_CROWDED_OUT = Attempt(AttemptResult.DEFERRED, 0, "4.4.1", CROWDED)
"""Its time is over, and those ahead of it still hang."""

log = structlog.get_logger()


def attempt(submission: SubmissionId) -> Promise:
    """Promise to try the remote MX."""
    return Promise(KIND, submission, {"submission": submission})


def failure(submission: SubmissionId, made: Attempt) -> Promise:
    """Promise to tell the account that its message finally failed."""
    facts: dict[str, str | int] = {"submission": submission, "status": made.status, "reply_code": made.reply_code}
    return Promise(FAILED, submission, facts)


def attempts(done: Sequence[CarriedOut]) -> list[Promise]:
    """Return the promises to try what was queued."""
    queued = [one.outcome for one in done if isinstance(one.outcome, Queued)]
    return [attempt(submission) for one in queued for submission in one.submissions]


class Means(own_mail.Means, Protocol):
    """The part of the house that sending stands on."""

    @property
    def blobs(self) -> Blobs:
        """Where the large messages lie."""

    @property
    def past(self) -> Clock:
        """Tells what has surely passed: nothing is given up before."""

    @property
    def entropy(self) -> Entropy:
        """Salts the record's commitments."""


OnSettled = Callable[[Transaction, Submission, State, datetime], Awaitable[None]]
"""Told of what an attempt came to, in the transaction that records it."""


async def _untold(_tx: Transaction, _submission: Submission, _state: State, _at: datetime) -> None:
    """Tell nobody."""


def handlers(house: Means, on_settled: OnSettled = _untold) -> dict[str, Handler]:
    """Return what keeps this room's promises, by kind."""
    return {KIND: Courier(house, on_settled).send}


@dataclass(frozen=True, slots=True)
class Courier:
    """Carries submissions out of the house."""

    house: Means
    on_settled: OnSettled = _untold

    async def send(self, job: Job) -> None:
        """Make one attempt, unless the submission is settled already.

        An attempt that was recorded as accepted is never repeated. If the house dies between the remote's 250 and
        that record, the message goes out again under the same Message-ID: SMTP knows no other way.

        Raises:
            TryAgainError: not yet accepted, or no room for it now; the next attempt is due then.
        """
        identifier = SubmissionId(str(job.body["submission"]))
        async with self.house.db.transaction(job.tenant) as tx:
            submission = await store.by_id(tx, identifier)
        if submission is None or submission.is_settled:
            return
        if submission.due_at > self.house.clock():  # the attempt was recorded, but not when to come back
            raise TryAgainError(submission.due_at, "not yet due")
        try:
            made, called = await self._attempt(job, submission)
        except CrowdedError as crowded:  # nothing was tried, so there is nothing to record
            turn = crowded.at(self.house.clock())
            if next_attempt_at(1, submitted_at=submission.submitted_at, now=turn.at, past=self.house.past()):
                raise turn from crowded
            made, called = _CROWDED_OUT, ()
        log.info(
            "submission.attempted",
            submission=identifier,
            result=made.result.value,
            reason=made.reason,
        )
        again_at = await self._settle(job.tenant, submission, made)
        await call(self.house, called)
        if again_at is not None:
            raise TryAgainError(again_at, made.reason)

    async def _attempt(self, job: Job, submission: Submission) -> tuple[Attempt, Sequence[Called]]:
        """Return what came of trying, and who was put off and may come now."""
        tenant = job.tenant
        if submission.is_erased:
            return Attempt(AttemptResult.FAILED, 0, "5.7.0", "message.erased"), ()
        async with self.house.db.transaction(tenant) as tx:
            keys = await domains.signing_keys(tx, submission.author_domain, self.house.keyring)
        if not keys:  # unsigned it would fail DMARC at the other end; the operator can still mend it
            return Attempt(AttemptResult.DEFERRED, 0, "4.7.0", "signing.no_key"), ()
        share = share_of(submission.rcpt_to.domain, self.house.next_hop)
        async with self.house.traffic.toward(*share, tenant, job.id) as tell:
            made = await self._hand_over(tenant, submission, keys)
            return made, tell(made)

    async def _hand_over(self, tenant: TenantId, submission: Submission, keys: Sequence[SigningKey]) -> Attempt:
        try:
            raw = await mailbox.read_body(self.house.db, self.house.blobs, tenant, submission.email, submission.blob)
        except ErasedError:
            return Attempt(AttemptResult.FAILED, 0, "5.7.0", "message.erased")
        except BlobsUnavailableError as error:  # also where it finds nothing: octets that may go, go with this row
            log.error("submission.body_unavailable", submission=submission.id, reason=error.reason)
            return Attempt(AttemptResult.DEFERRED, 0, "4.3.0", error.reason)
        seed = f"{submission.id} {submission.attempts}"
        hops = await find_hops(submission.rcpt_to.domain, self.house.dns, self.house.next_hop, seed=seed)
        if isinstance(hops, Attempt):
            return hops
        octets = sign(raw, keys, at=self.house.clock())
        letter = Letter(submission.id, tenant, submission.mail_from, submission.rcpt_to, octets)
        silences = self.house.traffic.silences
        return await transmit(letter, hops, hostname=self.house.hostname, egress=self.house.egress, silences=silences)

    async def _settle(self, tenant: TenantId, tried: Submission, made: Attempt) -> datetime | None:
        """Record the attempt and what it leads to, in one transaction; return when to try again."""
        now = self.house.clock()
        async with self.house.db.transaction(tenant) as tx:
            current = await store.by_id(tx, tried.id, is_locked=True)
            if current is None:
                return None
            again_at = None
            if made.result is AttemptResult.DEFERRED:
                again_at = next_attempt_at(
                    current.attempts + 1, submitted_at=current.submitted_at, now=now, past=self.house.past()
                )
            state = _state_after(made, is_over=again_at is None)
            if not current.is_settled:
                await store.update(
                    tx,
                    current.id,
                    state=state,
                    attempts=current.attempts + 1,
                    reply_code=made.reply_code,
                    due_at=again_at or now,
                    settled_at=None if again_at else now,
                )
                await self.on_settled(tx, current, state, now)
                if state is State.FAILED and current.mail_from is not None and not current.is_erased:
                    await self.house.jobs.enqueue(tx, failure(current.id, made))  # a notice is not answered by one
            await record.note(tx, _entry(current, made, state, now), entropy=self.house.entropy)
        return None if current.is_settled else again_at


def _state_after(made: Attempt, *, is_over: bool) -> State:
    match made.result:
        case AttemptResult.ACCEPTED:
            return State.SENT
        case AttemptResult.FAILED:
            return State.FAILED
        case AttemptResult.DEFERRED:
            return State.FAILED if is_over else State.DEFERRED


def _entry(submission: Submission, made: Attempt, state: State, now: datetime) -> Consequence:
    return Consequence(
        kind=Kind.ATTEMPT,
        action=f"attempt.{made.result.value}",
        actor="house",
        at=now,
        account=submission.account,
        email=submission.answers,
        object_ref=submission.id,
        public={
            "attempt": submission.attempts + 1,
            "reply_code": made.reply_code,
            "status": made.status,
            "reason": made.reason,
            "is_encrypted": made.is_encrypted,
            "state": state.value,
        },
    )
