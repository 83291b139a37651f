"""Keeping the promise of a turn: begun once for each kept message, carried on until it rests, whatever dies."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from gatepost import mailbox
from gatepost.act.hosted import store
from gatepost.act.hosted.agent import Agent
from gatepost.act.hosted.approvals import LAPSE, deny_all
from gatepost.act.hosted.audience import audience_of
from gatepost.act.hosted.entries import rested
from gatepost.act.hosted.grant import granted_for
from gatepost.act.hosted.labels import label_of
from gatepost.act.hosted.loops import why_not
from gatepost.act.hosted.messages import ModelFaultError
from gatepost.act.hosted.paper import Turn, TurnState
from gatepost.act.hosted.turn import Desk, Run, SwitchedOffError
from gatepost.db import Transaction
from gatepost.deliver.paper import CarriedOut, Kept
from gatepost.egress import seconds_asked
from gatepost.ids import AccountId, EmailId, ThreadId, TurnId, token
from gatepost.jobs import Handler, Job, Promise, TryAgainError
from gatepost.keys import ErasedError
from gatepost.mailbox.paper import Email

TURN = "act.turn"
WAITS_S = (2, 5, 15, 30, 60, 120, 300, 600, 900)
"""Seconds before the model is asked again; the last one for ever after, until the turn is too old."""

ASKED_MAX_S = 3_600
"""How long the endpoint may ask us to wait (Retry-After)."""

AGE_MAX = timedelta(hours=24)
"""An answer that comes later than a day surprises more than it helps; and after a day a reply's key is forgotten."""

_ENDLESS = frozenset({"model.request_refused", "model.answer_unreadable", "model.answer_too_long"})
"""What the model's endpoint will say again however often it is asked."""

log = structlog.get_logger()


def turn_of(email: EmailId) -> TurnId:
    """Return the name of the one turn about a message."""
    return TurnId(token("tu", hashlib.sha256(email.encode()).digest()[:10]))


def promise(email: EmailId, thread: ThreadId) -> Promise:
    """Promise a turn; those of one thread are taken one after the other."""
    return Promise(TURN, thread, {"email": email})


def turns_for(done: Sequence[CarriedOut], hosting: Collection[AccountId]) -> list[Promise]:
    """Return the promises of turns about what was kept for these accounts; what came for postmaster a person reads."""
    return [
        promise(one.outcome.email, one.outcome.thread)
        for one in done
        if isinstance(one.outcome, Kept) and one.outcome.wakes and one.recorded.arrived.account in hosting
    ]


async def in_force(tx: Transaction, account: AccountId) -> Agent | None:
    """Return a mailbox's agent as it is now; None where it has none."""
    newest = await store.versions(tx, account, limit=1)
    return newest[0] if newest and newest[0].is_on else None


def handlers(desk: Desk) -> dict[str, Handler]:
    """Return what keeps this room's promises, by kind."""
    keeper = Keeper(desk)
    return {TURN: keeper.take, LAPSE: keeper.lapse}


@dataclass(frozen=True, slots=True)
class Keeper:
    """Takes turns."""

    desk: Desk

    async def take(self, job: Job) -> None:
        """Begin a turn, or carry on with it.

        Raises:
            TryAgainError: the model's endpoint gave no answer; the next attempt is due then.
        """
        try:
            run = await self._open(job)
        except ErasedError:
            return  # whose mail it was is nobody's to know any more
        if run is None:
            return
        try:
            await run.carry_on()
        except SwitchedOffError:
            await self._stop(run.turn, "hosting.off")
        except ModelFaultError as fault:
            await self._wait(run.turn, fault)

    async def lapse(self, job: Job) -> None:
        """Deny what waited for a person too long, and let the turn go on without it."""
        async with self.desk.db.transaction(job.tenant) as tx:
            turn = await deny_all(tx, TurnId(str(job.body["turn"])), at=self.desk.clock(), entropy=self.desk.entropy)
            if turn is not None:
                await self.desk.jobs.enqueue(tx, promise(turn.email, turn.thread))

    async def _open(self, job: Job) -> Run | None:
        """Load the turn, or begin it; None where nothing is to be done."""
        identifier = EmailId(str(job.body["email"]))
        at = self.desk.clock()
        async with self.desk.db.transaction(job.tenant) as tx:
            email = await mailbox.find(tx, identifier)
            if email is None or email.is_erased:
                return None
            turn = await store.find_turn(tx, turn_of(identifier))
            if turn is None:
                agent = await in_force(tx, email.account)
                if agent is None:
                    return None
                turn = await self._begin(tx, email, agent, at)
            if turn.state.is_over:
                return None
            if at - turn.began_at > AGE_MAX:
                await self._end(tx, turn, "turn.too_old", at)
                return None
            agent = await store.version(tx, turn.account, turn.version)
            steps = await store.steps(tx, turn.id)
        return Run(self.desk, turn, agent, email, steps)

    async def _begin(self, tx: Transaction, email: Email, agent: Agent, at: datetime) -> Turn:
        """Begin a turn; one that a loop forbids is over at once."""
        sender = tx.vault.blind_text("hosted/sender", email.author.untagged.key)
        reason = await why_not(tx, email, agent, at, sender=sender)
        capabilities = await granted_for(tx, email, at)
        turn = Turn(
            id=turn_of(email.id),
            tenant=tx.tenant,
            account=email.account,
            agent=agent.id,
            version=agent.version,
            email=email.id,
            thread=email.thread,
            sender=sender,
            subject=email.author.key,
            state=TurnState.STOPPED if reason else TurnState.RUNNING,
            reason=reason,
            label=label_of(email),
            capabilities=capabilities,
            audience=audience_of(email),
            failures=0,
            began_at=at,
        )
        await store.insert_turn(tx, turn)
        if reason:
            await rested(tx, turn, at=at, entropy=self.desk.entropy)
            log.info("turn.not_begun", turn=turn.id, reason=reason)
        return turn

    async def _wait(self, turn: Turn, fault: ModelFaultError) -> None:
        """Let a turn wait for the model's endpoint; the tenant reads of it in the record, once for each outage."""
        at, reason = self.desk.clock(), fault.reason
        if reason in _ENDLESS:
            await self._stop(turn, reason)
            return
        asked_s = min(seconds_asked(fault.retry_after, at), ASKED_MAX_S)
        wait_s = max(WAITS_S[min(turn.failures, len(WAITS_S) - 1)], asked_s)
        waiting = replace(turn, state=TurnState.WAITING, reason=reason, failures=turn.failures + 1)
        async with self.desk.db.transaction(turn.tenant) as tx:
            await store.change_turn(tx, waiting, at)
            if turn.state is not TurnState.WAITING or turn.reason != reason:
                await rested(tx, waiting, at=at, entropy=self.desk.entropy)
        log.warning("turn.waits", turn=turn.id, reason=reason, failures=waiting.failures)
        raise TryAgainError(at + timedelta(seconds=wait_s), reason)

    async def _stop(self, turn: Turn, reason: str) -> None:
        async with self.desk.db.transaction(turn.tenant) as tx:
            await self._end(tx, turn, reason, self.desk.clock())

    async def _end(self, tx: Transaction, turn: Turn, reason: str, at: datetime) -> None:
        stopped = replace(turn, state=TurnState.STOPPED, reason=reason)
        await store.change_turn(tx, stopped, at)
        await rested(tx, stopped, at=at, entropy=self.desk.entropy)
        log.info("turn.stopped", turn=turn.id, reason=reason)
