"""A message's life, in order. Read this first; every other room is a detail of one line here."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from gatepost import access, act, decide, deliver, mailbox, record, reply, verify
from gatepost.act import hosted, petition, trouble
from gatepost.arrive.paper import Arrived, Direction
from gatepost.blobs import Blobs
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, GroupCommit, LostError, Plans, Transaction
from gatepost.decide.paper import Findings, Ruling
from gatepost.deliver import ask, hold, hold_end
from gatepost.deliver.paper import CarriedOut, Held, Hold, HoldState, Refused
from gatepost.dns import Resolver
from gatepost.egress import Egress, NextHop
from gatepost.ids import HoldId, SubmissionId, TenantId
from gatepost.jobs import Handler, Job, Jobs
from gatepost.keys import Keyring
from gatepost.mail.own_ids import OwnIds
from gatepost.meters import UNMETERED, Meters
from gatepost.reply.paper import Letter, Said, Sent, Voice
from gatepost.verify.extract import Extractor
from gatepost.verify.paper import Verified
from gatepost.verify.room import Room
from gatepost.verify.scan import NO_WATCH, Watch
from gatepost.verify.stages import INLINE_PAGE_OCTETS

ATTEMPTS_MAX = 10
"""How often a commit begins anew because others overtook it: each time one of them got on, so this is plenty."""

FEW = 4
"""A commit of no more messages has their new keys written beside it. In a crowd the thread that writes would take turns
with the loop, which has other commits to work out meanwhile: the slowest answers took half as long again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the stages stand on, built once in ``app`` and handed down.

    ``accepting`` is the same database for a role that can only add: whatever a message goes through, from the end of
    DATA to the commit, goes through it (docs/adr/0061). ``past`` says which time has surely passed: what cannot be
    undone goes by it (docs/adr/0161).
    """

    db: Database
    accepting: Database
    dns: Resolver
    blobs: Blobs
    jobs: Jobs
    keyring: Keyring
    own_ids: OwnIds
    clock: Clock
    past: Clock
    entropy: Entropy
    egress: Egress
    hostname: str
    next_hop: NextHop | None
    public_url: str = ""
    extractor: Extractor | None = None
    watch: Watch = NO_WATCH
    commits: GroupCommit = field(default_factory=GroupCommit)
    meters: Meters = UNMETERED
    bell: act.Bell[act.Announced] = field(default_factory=act.Bell)
    streams: act.Streams = field(default_factory=act.Streams)
    traffic: deliver.Traffic = field(default_factory=deliver.Traffic)
    room: Room = field(default_factory=Room)

    def hurry(self, within_s: float) -> None:
        """Wait no longer than that from now on for any answer of the database: this process is to end."""
        self.db.hurry(within_s)
        self.accepting.hurry(within_s)


async def receive(arrived: Arrived, house: House) -> CarriedOut:
    """Carry one message from the door to its disposition.

    Record, delivery and the promise to act commit together or not at all. If this raises, nothing happened, and the
    door answers 451 so that the sender tries again. All recipients of one arrival share one account, one decision and
    one answer; each has an entry of its own.
    """
    stands_in_line = len(arrived.raw) > INLINE_PAGE_OCTETS
    since = asyncio.get_running_loop().time() if stands_in_line else None
    with house.room.place(len(arrived.raw)) as place:
        with house.commits.coming(arrived.tenant) if stands_in_line else nullcontext():
            verified = await verify.check(
                arrived, house.dns, house.extractor, house.watch, own_ids=house.own_ids, place=place
            )
        ready = _Ready(verified, await decide.foresee(house.accepting, verified), since)
        if mailbox.is_small(arrived.raw):
            done = await _join(ready, house)
        else:
            body = deliver.body_of(verified)
            async with mailbox.in_custody(house.accepting, house.blobs, arrived.tenant, body) as kept:
                done = await _join(ready, house)
                if not isinstance(done.outcome, Refused):
                    kept.keep()
    decision = done.recorded.decision
    house.meters.decided(arrived.direction, decision.disposition, decision.reason)
    return done


class _Ready(NamedTuple):
    """A message that waits for its commit, what guards found in it, and since when it stood in line to be read."""

    verified: Verified
    findings: Findings
    since: float | None


async def _join(ready: _Ready, house: House) -> CarriedOut:
    """Carry a message to its disposition along with others that came with it."""
    verified = ready.verified
    if verified.arrived.direction is Direction.OUTBOUND:
        (done,) = await _carry(house, [ready])  # alone: a repeated answer undoes itself and nobody else
        return done
    apart, group = deliver.conversation_of(verified), verified.arrived.tenant
    for _ in range(ATTEMPTS_MAX - 1):
        with suppress(decide.UnforeseenError):
            return await house.commits.join(ready, partial(_carry, house), group=group, apart=apart, since=ready.since)
        ready = _Ready(verified, await decide.foresee(house.accepting, verified), ready.since)
    return await house.commits.join(ready, partial(_carry, house), group=group, apart=apart, since=ready.since)


async def _carry(house: House, ready: Sequence[_Ready]) -> list[CarriedOut]:
    """Carry messages of one tenant to their dispositions; once again where the connection was lost before COMMIT.

    So nobody is told to come again because PostgreSQL was started anew, where it is back at once.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + house.accepting.answer_s
    try:
        return await _overtake(house, ready)
    except LostError:
        if loop.time() >= until:
            raise
    await house.accepting.refresh()  # what ended one connection may be about to end the others
    return await _overtake(house, ready)


async def _overtake(house: House, ready: Sequence[_Ready]) -> list[CarriedOut]:
    """Carry messages of one tenant to their dispositions; begin anew where another process overtook one of them.

    What overtook it is committed then, so the next attempt sees it (docs/adr/0020).
    """
    for _ in range(ATTEMPTS_MAX - 1):
        with suppress(mailbox.OvertakenError):
            return await _commit(house, ready)
    return await _commit(house, ready)


async def _commit(house: House, ready: Sequence[_Ready]) -> list[CarriedOut]:
    """Carry messages of one tenant from the evidence to their dispositions, in one transaction: all or none.

    Each is judged as if those before it had been delivered already. No two belong to one conversation.
    """
    verified = [one.verified for one in ready]
    foreseen = {one.verified.arrived.email: one.findings for one in ready if one.findings}
    async with house.accepting.transaction(verified[0].arrived.tenant, plans=Plans.KEPT) as tx:
        recalled, known, hosting, listening, numbers, _ = await asyncio.gather(  # side by side: one round trip
            decide.recall_all(tx, verified, foreseen=foreseen),
            deliver.conversations(tx, verified),
            hosted.accounts(tx),
            act.listening(tx),
            record.draw_numbers(tx, verified),
            _meet(tx, verified),
        )
        decided = await decide.with_room(tx, verified, recalled, decide.settle_all(verified, recalled))
        threads = deliver.threads_of(decided, known)
        recorded = await record.append_all(tx, decided, threads, entropy=house.entropy, numbers=numbers)
        done = await deliver.carry_out_all(tx, recorded, entropy=house.entropy)
        announced = act.announce(tx, done, house.bell, listening=listening)
        await house.jobs.enqueue_all(tx, [*hosted.turns_for(done, hosting), *deliver.attempts(done)])
        for one in done:
            if isinstance(one.outcome, Held):
                await house.jobs.enqueue(tx, hold.expiry(one.outcome), at=one.outcome.expires_at)
                asked = await ask.questions(tx, one.recorded.arrived.account, one.outcome) if house.public_url else []
                await house.jobs.enqueue_all(tx, asked)
    house.bell.ring(announced)
    return done


async def _meet(tx: Transaction, verified: Sequence[Verified]) -> None:
    """Have the keys that the entries and mails will be sealed under; of few, new ones are written from here on."""
    await asyncio.sleep(0)  # PostgreSQL is asked first, and answers meanwhile
    tx.vault.meet(one.subject_of(to) for one in verified for to in one.arrived.envelope.rcpt_to)
    if len(verified) <= FEW:
        tx.hasten_keys()


async def notify(job: Job, house: House) -> None:
    """Tell an account that a message of its own finally failed: the notice comes in by the same road."""
    async with house.db.transaction(job.tenant) as tx:
        submission = await deliver.submission_by_id(tx, SubmissionId(str(job.body["submission"])))
        if submission is None or submission.is_erased:
            return
        account = await access.account(tx, submission.account)
        if account is None or await mailbox.get(tx, account.id, reply.notice_id(submission)):
            return
    failed = reply.Failed(
        tenant=job.tenant,
        submission=submission,
        address=account.address,
        original=await reply.header_of(house.db, house.blobs, job.tenant, submission.email, submission.blob),
        status=str(job.body["status"]),
        reply_code=int(str(job.body["reply_code"])),
    )
    notice = reply.write_notice(failed, at=house.clock(), own_ids=house.own_ids, hostname=house.hostname)
    await receive(notice, house)


async def release(tenant: TenantId, waiting: HoldId, ruling: Ruling, house: House, *, digest: str | None) -> CarriedOut:
    """Let a held message go on, or end its way: it re-enters at ``decide``, with the ruling as a fact.

    The evidence is that of the day it came; the policy is the one in force now. Whoever calls has seen that this
    approver may rule on this hold (``hold.check_approver``).

    Args:
        tenant: whose hold it is.
        waiting: which.
        ruling: what was said, and by whom.
        house: what the stages stand on.
        digest: what the approver saw (``Hold.digest``); None where nobody did, at the end of the wait.

    Raises:
        HoldMissingError: there is none.
        HoldSettledError: somebody was quicker, a yes comes after silence refused it, or its mailbox is gone.
        HoldChangedError: the approver saw something else, or it is not what was held.
        NotNowError: a limit of the policy stands in its way for now; it still waits.
        ErasedError: nobody can read it any more.
    """
    async with house.db.transaction(tenant) as tx:
        held = await hold.get(tx, waiting)
        is_over = await hold_end.ends_with_mailbox(tx, held, at=house.clock(), entropy=house.entropy)
    if is_over:
        raise hold_end.HoldSettledError(HoldState.REFUSED)
    if digest is not None and digest != held.digest:
        raise hold_end.HoldChangedError(waiting)
    verified = await hold_end.take_up(held, tenant, house.db, house.blobs, house.extractor)
    hold_end.check_in_time(held, ruling, at=house.clock())
    for _ in range(ATTEMPTS_MAX - 1):
        with suppress(mailbox.OvertakenError, decide.UnforeseenError):
            return await _rule(house, held, verified, ruling)
    return await _rule(house, held, verified, ruling)


async def _rule(house: House, held: Hold, verified: Verified, ruling: Ruling) -> CarriedOut:
    now = house.clock()
    said = replace(ruling, at=now)
    findings = await decide.foresee(house.db, verified, ruling=said)
    async with house.db.transaction(verified.arrived.tenant) as tx:
        await hold_end.claim(tx, held.id)
        await hold_end.note_ruling(tx, held, ruling, at=now, entropy=house.entropy)
        recalled = await decide.recall_all(tx, [verified], ruling=said, foreseen={verified.arrived.email: findings})
        decided = decide.settle_all([verified], recalled)
        known, hosting, listening = await asyncio.gather(
            deliver.conversations(tx, [verified]), hosted.accounts(tx), act.listening(tx)
        )
        threads = deliver.threads_of(decided, known)
        recorded = await record.append_all(tx, decided, threads, entropy=house.entropy)
        [done] = await deliver.carry_out_all(tx, recorded, entropy=house.entropy)
        await hold_end.settle(tx, held, done, at=now, by=ruling.by)
        announced = act.announce(tx, [done], house.bell, listening=listening)
        await house.jobs.enqueue_all(tx, [*hosted.turns_for([done], hosting), *deliver.attempts([done])])
    house.bell.ring(announced)
    decision = done.recorded.decision
    house.meters.decided(verified.arrived.direction, decision.disposition, decision.reason)
    return done


def handlers(house: House) -> dict[str, Handler]:
    """Return what keeps the journey's own promises, by kind."""

    async def expire(job: Job) -> None:
        await hold_end.expire(job, house, partial(release, house=house, digest=None))

    return {hold.EXPIRE: expire, deliver.FAILED: partial(notify, house=house)}


def outgoing(house: House) -> dict[str, Handler]:
    """Return what keeps the promises that another mail server has a say in, by kind."""
    return {
        **deliver.handlers(house, on_settled=act.announce_settled),
        ask.ASK: ask.Asker(house).ask,
        hosted.ASK: hosted.CallAsker(house).ask,
        trouble.ALERT: trouble.Alerter(house).alert,
        petition.ASK: petition.PetitionAsker(house).ask,
    }


async def answer(said: Said, house: House) -> Sent:
    """Send what an agent or a person says about a kept message: it sets out on the same journey.

    Raises:
        ParentMissingError: there is no such message.
        ErasedError: nobody can read any more whom it came from.
        ReplyRefusedError: the gate refused it; that decision stands in the record.
        KeyReusedError: the caller's key stands for another text already.
    """
    original = b""
    if said.voice is Voice.BOUNCE:
        original = await reply.read_header(house.db, house.blobs, said.tenant, said.account, said.parent)
    async with house.db.transaction(said.tenant) as tx:
        composed = await reply.compose(
            tx,
            said,
            at=house.clock(),
            own_ids=house.own_ids,
            hostname=house.hostname,
            entropy=house.entropy,
            original=original,
        )
    return await _submit(composed, house)


async def send(letter: Letter, house: House) -> Sent:
    """Send what an agent or a person writes to somebody: it sets out on the same journey.

    Raises:
        ParentMissingError: there is no such account.
        ReplyRefusedError: the gate refused it; that decision stands in the record.
        KeyReusedError: the caller's key stands for another message already.
    """
    async with house.db.transaction(letter.tenant) as tx:
        composed = await reply.compose_letter(
            tx, letter, at=house.clock(), own_ids=house.own_ids, entropy=house.entropy
        )
    return await _submit(composed, house)


async def _submit(composed: Arrived | Sent, house: House) -> Sent:
    if isinstance(composed, Sent):
        return composed  # an identical call has sent it already: no second decision, no second mail
    try:
        done = await receive(composed, house)
    except deliver.AlreadySubmittedError as earlier:  # an identical call overtook this one
        async with house.db.transaction(composed.tenant) as tx:
            return await reply.repeat(tx, earlier)
    return reply.conclude(done)
