"""One turn: what the model said, what of it may run, what came of it. Each step is durable before the next begins."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import structlog

from gatepost.act.hosted import amount_store, meter, meter_store, prompt, store
from gatepost.act.hosted.agent import Agent
from gatepost.act.hosted.approvals import HELD_MAX, lapse
from gatepost.act.hosted.asking import questions
from gatepost.act.hosted.entries import called, rested
from gatepost.act.hosted.gate import Judge, Standing, Verdict, Word, amount_of
from gatepost.act.hosted.grant import granted_for
from gatepost.act.hosted.messages import ModelFaultError, request
from gatepost.act.hosted.paper import Call, Result, Said, Spent, Step, StepState, ToolUse, Turn, TurnState
from gatepost.act.hosted.price import Prices
from gatepost.act.hosted.steps import UNKNOWN, answer_of, arguments_of, begun, key_of, number_of, spelled
from gatepost.act.hosted.tools import Toolbox, granted
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, Transaction
from gatepost.decide.grants import GrantError, of_message
from gatepost.jobs import Jobs
from gatepost.mailbox.paper import Email

Ask = Callable[[Turn, bytes], Awaitable[Said]]
"""Calls the model; raises ``ModelFaultError``."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a turn works with.

    Attributes:
        ask: calls the model.
        tools: all there are.
        judge: asked before each call of one, outside the model.
        prices: of models.
    """

    db: Database
    jobs: Jobs
    clock: Clock
    entropy: Entropy
    ask: Ask
    tools: Toolbox
    judge: Judge
    prices: Prices


class SwitchedOffError(Exception):
    """The tenant has switched hosted agents off meanwhile."""


class Run:
    """One turn being carried on, from wherever it stands."""

    def __init__(self, desk: Desk, turn: Turn, agent: Agent, email: Email, steps: Sequence[Step]) -> None:
        self._desk = desk
        self._agent = agent
        self._email = email
        self._steps = list(steps)
        self.turn = turn

    async def carry_on(self) -> None:
        """Go on until the turn is over, or waits for a person.

        Raises:
            ModelFaultError: the endpoint gave no answer; carrying on later begins with the same call.
            SwitchedOffError: nothing more is to be done.
        """
        while not self.turn.state.is_over:
            said = self._open_answer()
            if said is None:
                await self._ask()
                continue
            for place, asked in enumerate(said.calls, 1):
                if not self.turn.state.is_over:
                    await self._call(number_of(self._steps), place, asked, len(said.calls))
            if self.turn.state.is_over:
                return
            if any(step.state is StepState.HELD for step in self._steps):
                if self.turn.state is not TurnState.HELD:
                    await self._rest(TurnState.HELD, "")
                return
            if not said.calls:
                await self._rest(TurnState.DONE, f"model.{said.stop}" if said.stop != "end_turn" else "")

    def _open_answer(self) -> Said | None:
        """Return the last answer, where something of it is still to be done, or nothing was asked for in it."""
        said = [step for step in self._steps if step.place == 0]
        if not said:
            return None
        last = said[-1]
        answer = answer_of(last)
        results = [step for step in self._steps if step.step == last.step and step.place > 0]
        is_open = len(results) < len(answer.calls) or not all(step.state.is_over for step in results)
        return answer if is_open or not answer.calls else None

    async def _ask(self) -> None:
        """Call the model for the next step: reserve, ask, settle."""
        desk, document = self._desk, self._agent.document
        number = 1 + number_of(self._steps)
        body = request(
            model=document.model,
            system=prompt.system(document),
            messages=prompt.conversation(self._email, self._steps),
            tools=granted(desk.tools, document, self.turn.capabilities),
            output_tokens_max=document.output_tokens_max,
        )
        at = desk.clock()
        async with desk.db.transaction(self.turn.tenant) as tx:
            if not await store.lock_hosting(tx):
                raise SwitchedOffError
            try:
                grant = await of_message(tx, self.turn.account, self.turn.email, now=at)
                ticket = await meter.reserve(
                    tx,
                    self.turn,
                    number,
                    document,
                    grant,
                    tokens=meter.bound(body, document),
                    at=at,
                    entropy=desk.entropy,
                )
            except (meter.ExhaustedError, GrantError) as refused:
                await self._end(tx, TurnState.STOPPED, refused.reason, at)
                return
        try:
            said = await desk.ask(self.turn, body)
        except ModelFaultError as fault:
            await self._unanswered(ticket, is_asked=fault.is_asked)
            raise
        at = desk.clock()
        step = spelled(self.turn, said, number, at=at)
        async with desk.db.transaction(self.turn.tenant) as tx:
            await meter.settle(
                tx,
                self.turn,
                ticket,
                model=document.model,
                usage=meter.believed(said, set_aside=ticket.tokens),
                least=meter.least(body, said),
                prices=desk.prices,
                at=at,
                entropy=desk.entropy,
            )
            await store.put_step(tx, self.turn, step)
            await self._move(tx, replace(self.turn, state=TurnState.RUNNING, reason="", failures=0), at)
        self._keep(step)

    async def _unanswered(self, ticket: meter.Ticket, *, is_asked: bool) -> None:
        """Give the reservation back where the model surely was not run; else it counts."""
        async with self._desk.db.transaction(self.turn.tenant) as tx:
            await meter.unanswered(tx, self.turn, ticket, is_asked=is_asked, at=self._desk.clock())

    async def _call(self, number: int, place: int, asked: ToolUse, among: int) -> None:
        """Bring one call to where it can get: judged, held, run."""
        step = next((one for one in self._steps if (one.step, one.place) == (number, place)), None)
        at = self._desk.clock()
        if step is None:
            async with self._desk.db.transaction(self.turn.tenant) as tx:
                verdict = await self._judged(tx, asked)
                spent = await meter_store.cost_of(tx, self.turn, number)
                step = begun(
                    self.turn,
                    asked,
                    number,
                    place,
                    tool=asked.name if asked.name in self._desk.tools else UNKNOWN,
                    state=_STATE[verdict.word],
                    reason=verdict.reason,
                    at=at,
                )
                step = replace(
                    step,
                    tokens=meter.part_of(spent.tokens, place, among),
                    cost_microusd=None if spent.cost is None else meter.part_of(spent.cost, place, among),
                    amount=self._amount(asked, verdict),
                )
                await store.put_step(tx, self.turn, step)
                if verdict.word is not Word.RUN:
                    await called(tx, self.turn, step, at=at, entropy=self._desk.entropy)
            self._keep(step)
            if step.state is StepState.BEGUN:
                await self._run(step, is_fresh=True)
        elif step.state is StepState.BEGUN:
            await self._run(step, is_fresh=False)
        elif step.state is StepState.APPROVED:
            await self._run_approved(step, asked)

    def _amount(self, asked: ToolUse, verdict: Verdict) -> Decimal:
        tool = self._desk.tools.get(asked.name)
        if tool is None or asked.arguments is None or verdict.word is Word.REFUSE:
            return Decimal()
        return amount_of(tool, asked.arguments)

    async def _judged(self, tx: Transaction, asked: ToolUse) -> Verdict:
        """Judge a call; one that amounts to something under the tenant's lock, since others' calls count as well."""
        tool, spent = self._desk.tools.get(asked.name), Spent()
        if tool is not None and tool.amounts:
            await store.lock_hosting(tx)
            spent = await amount_store.spent(tx, self.turn, tool.name, self._desk.clock())
        now = await granted_for(tx, self._email, self._desk.clock())  # what was granted may be revoked by now
        standing = Standing(
            document=self._agent.document,
            capabilities=self.turn.capabilities & now,
            label=self.turn.label,
            approved=await store.approved(tx, self.turn.account),
            spent=spent,
            hearer=self._email.answered_to,
            audience=self.turn.audience,
        )
        return self._desk.judge(self._desk.tools, asked, standing)

    async def _run_approved(self, step: Step, asked: ToolUse) -> None:
        """Run what a person approved, unless more than a person's word is missing by now."""
        at = self._desk.clock()
        async with self._desk.db.transaction(self.turn.tenant) as tx:
            verdict = await self._judged(tx, asked)
            if verdict.word is Word.REFUSE:
                step = replace(step, state=StepState.REFUSED, reason=verdict.reason, at=at)
                await called(tx, self.turn, step, at=at, entropy=self._desk.entropy)
            else:
                step = replace(step, state=StepState.BEGUN, at=at)
            await store.put_step(tx, self.turn, step)
        self._keep(step)
        if step.state is StepState.BEGUN:
            await self._run(step, is_fresh=True)

    async def _run(self, step: Step, *, is_fresh: bool) -> None:
        """Run a call that was begun, and write what came of it.

        Where it had begun before the house died, and running twice would be doing it twice, nobody knows whether it
        was done: it is not done again.
        """
        tool = self._desk.tools.get(step.tool)
        if tool is None or (not is_fresh and not tool.is_repeatable):
            result = Result(value={"reason": "tool.outcome_unknown"}, is_error=True)
        else:
            call = Call(
                turn=self.turn, arguments=arguments_of(step), key=key_of(self.turn, step), at=self._desk.clock()
            )
            result = await tool.run(call)
        at = self._desk.clock()
        step = replace(
            step,
            state=StepState.FAILED if result.is_error else StepState.DONE,
            reason=result.reason or step.reason,
            content={**step.content, "result": result.value},
            at=at,
        )
        capabilities, audience = self.turn.capabilities, self.turn.audience
        if result.capabilities is not None:
            capabilities &= result.capabilities
        if result.audience is not None:
            audience &= result.audience
        async with self._desk.db.transaction(self.turn.tenant) as tx:
            await store.put_step(tx, self.turn, step)
            await called(tx, self.turn, step, at=at, entropy=self._desk.entropy)
            label = min(self.turn.label, result.label)
            read = replace(self.turn, label=label, capabilities=capabilities, audience=audience)
            await self._move(tx, read, at)
            if result.ends is not None:
                await self._end(tx, result.ends, step.tool, at)
        self._keep(step)

    async def _rest(self, state: TurnState, reason: str) -> None:
        at = self._desk.clock()
        async with self._desk.db.transaction(self.turn.tenant) as tx:
            await self._end(tx, state, reason, at)
            if state is TurnState.HELD:
                await self._desk.jobs.enqueue(tx, lapse(self.turn), at=at + HELD_MAX)
                await self._desk.jobs.enqueue_all(tx, await questions(tx, self.turn, self._steps))

    async def _end(self, tx: Transaction, state: TurnState, reason: str, at: datetime) -> None:
        await self._move(tx, replace(self.turn, state=state, reason=reason), at)
        await rested(tx, self.turn, at=at, entropy=self._desk.entropy)
        log.info("turn.rests", turn=self.turn.id, state=state.value, reason=reason)

    async def _move(self, tx: Transaction, turn: Turn, at: datetime) -> None:
        await store.change_turn(tx, turn, at)
        self.turn = turn

    def _keep(self, step: Step) -> None:
        self._steps = [one for one in self._steps if (one.step, one.place) != (step.step, step.place)]
        self._steps.append(step)
        self._steps.sort(key=lambda one: (one.step, one.place))


_STATE = {Word.RUN: StepState.BEGUN, Word.ASK: StepState.HELD, Word.REFUSE: StepState.REFUSED}
