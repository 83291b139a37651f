"""Asking people about held calls: each approver of the tenant gets a mail with a link of their own.

It quotes nothing; what the call would do is shown by the page behind the link.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gatepost import access
from gatepost.access.paper import Account, Person
from gatepost.act.hosted import call_link
from gatepost.act.hosted.approvals import NotHeldError, call_at, lapses_at
from gatepost.act.hosted.call_link import CallLink
from gatepost.act.hosted.paper import Step, StepState, Turn
from gatepost.act.hosted.steps import digest_of
from gatepost.db import Transaction
from gatepost.deliver.ask import Means, Question, approvers, may_rule, put, whom
from gatepost.ids import TurnId
from gatepost.jobs import Job, Promise
from gatepost.keys import ErasedError

ASK = "act.call_ask"


def may_rule_on(person: Person, turn: Turn) -> bool:
    """Return whether a person rules on calls of this turn: nobody does about what they wrote themselves."""
    return may_rule(person) and not person.address.is_of(turn.subject)


async def questions(tx: Transaction, turn: Turn, steps: Sequence[Step]) -> list[Promise]:
    """Return the promises to ask each approver of the tenant about each held call."""
    asked = await approvers(tx, lambda person: may_rule_on(person, turn))
    return [
        Promise(
            ASK,
            f"{turn.id} {each.id}",
            {"turn": turn.id, "step": step.step, "place": step.place, "person": each.id},  # of arguments not a digest
        )
        for step in steps
        if step.state is StepState.HELD
        for each in asked
    ]


@dataclass(frozen=True, slots=True)
class CallAsker:
    """Keeps the promises to ask."""

    house: Means

    async def ask(self, job: Job) -> None:
        """Mail one person the link to one held call, unless somebody ruled already or they may not.

        Raises:
            TryAgainError: their server did not take it yet.
        """
        now = self.house.clock()
        async with self.house.db.transaction(job.tenant) as tx:
            person = await whom(tx, job)
            try:
                where = int(job.body["step"]), int(job.body["place"])
                turn, step = await call_at(tx, TurnId(str(job.body["turn"])), *where)
            except (NotHeldError, ErasedError):
                return
            account = await access.account(tx, turn.account)
        is_over = step.state is not StepState.HELD or lapses_at(step) <= now
        if is_over or person is None or account is None or not may_rule_on(person, turn) or not self.house.public_url:
            return
        await put(self.house, job, self._question(account, turn, step, person), person)

    def _question(self, account: Account, turn: Turn, step: Step, person: Person) -> Question:
        digest, until = digest_of(step), lapses_at(step)
        token = call_link.sign(CallLink(turn.tenant, turn.id, digest, person.id, until), self.house.keyring)
        return Question(
            action="call.ask",
            account=account,
            email=turn.email,
            ref=turn.id,
            id=f"{turn.id}-{digest[:16]}",
            asked_at=step.at,
            ends_at=until,
            subject="An agent waits for your word",
            says="A call of an agent's tool waits for a person to let it run or to deny it.",
            facts=(f"Turn:    {turn.id}", f"Until:   {until:%Y-%m-%d %H:%M} UTC, then: denied"),
            path=f"{call_link.PATH}/{token}",
        )
