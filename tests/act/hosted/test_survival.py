"""Killed at every step boundary, what was to be sent is sent once: counted at the receivers, not at ourselves."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from act.hosted.adversary import HttpTool
from act.hosted.mcp_peers import shop
from act.hosted.stage import Stage
from gatepost.act.hosted.approvals import settle_held
from gatepost.act.hosted.mcp_client import call_mcp
from gatepost.act.hosted.mcp_tools import McpServer, McpTool, mcp_tools
from gatepost.act.hosted.paper import Call, Result, StepState, TurnState
from gatepost.act.hosted.steps import digest_of
from gatepost.act.hosted.worker import TURN, promise, turn_of
from gatepost.db import Database, Plans, Transaction
from gatepost.ids import EmailId, TenantId
from gatepost.jobs import Jobs
from journeys.scene import KEY
from model_api import Block, ModelApi, text, use
from outbound import TENANT, Receiver, Sink, entropy, http_receiver
from ways import way_out

LIMITS = {"amount_max": 100.0, "amount_per_sender_and_day": 10_000.0}
"""Of many turns about one sender's mail."""


class KilledError(Exception):
    """The house died here."""


class Mortal(Database):
    """A database whose house dies at its n-th transaction: before the commit, or right after it."""

    def __init__(self, db: Database, *, at: int, commits: bool) -> None:
        super().__init__(db._pool, db._dsn, db.keys)
        self._left = at
        self._commits = commits

    @property
    def is_dead(self) -> bool:
        return self._left <= 0

    @asynccontextmanager
    @override
    async def transaction(self, tenant: TenantId | None, *, plans: Plans = Plans.USUAL) -> AsyncIterator[Transaction]:
        self._left -= 1
        if self._left < 0:
            raise KilledError  # the dead do nothing
        async with super().transaction(tenant, plans=plans) as tx:
            yield tx
            if self._left == 0 and not self._commits:
                raise KilledError
        if self._left == 0:
            raise KilledError


def once(*asked: Block) -> Callable[[dict[str, Any]], list[Block]]:
    """Ask for these calls, one in each answer, judging by the conversation alone how far it got."""
    return lambda said: [*asked, text("Done.")][len(said["messages"]) // 2 :][:1]


async def killed(stage: Stage, at: int, *, commits: bool) -> tuple[EmailId, bool]:
    """Take a turn in a house that dies at its n-th transaction, and again in one that lives."""
    email = await stage.scene.boss_asks()
    [row] = await stage.jobs((TURN,))
    return email, await dying(stage, row, at, commits=commits)


async def dying(stage: Stage, row: Any, at: int, *, commits: bool) -> bool:
    """Keep a promise in a house that dies at its n-th transaction, and again in one that lives."""
    living = stage.scene.house
    mortal = Mortal(living.db, at=at, commits=commits)
    stage.scene.house = replace(living, db=mortal, accepting=mortal, jobs=Jobs(mortal, living.clock))
    try:
        await stage.keep(row)
    except KilledError:
        pass
    finally:
        stage.scene.house = living
    await stage.work()
    await stage.send()
    return mortal.is_dead


@pytest.mark.parametrize("commits", [True, False])
async def test_a_reply_is_sent_once_wherever_the_house_dies(
    stage: Stage,
    api: ModelApi,
    sink: Sink,
    commits: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    await stage.host()
    api.otherwise = once(use("reply", text="Tuesday at ten."))
    deaths = 0
    for at in range(1, 60):
        before = len(sink.mails)
        email, is_dead = await killed(stage, at, commits=commits)
        assert len(sink.mails) - before == 1, f"killed at transaction {at}: {len(sink.mails) - before} mails"
        assert (await stage.turn(email)).state is TurnState.DONE
        if not is_dead:
            break
        deaths += 1
    assert deaths >= 9, "a turn has more boundaries than this"


@pytest.mark.parametrize("commits", [True, False])
async def test_what_cannot_be_repeated_is_done_once_or_not_at_all_and_then_nobody_claims_that_it_was(
    stage: Stage,
    api: ModelApi,
    commits: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    async with http_receiver() as receiver:
        tool = HttpTool(stage.scene.house.egress, receiver.url).tool("pay")
        stage.tools = [tool]
        await stage.allow("http:pay")
        await stage.host(tools=["pay"], limits=LIMITS)
        api.otherwise = once(use("pay", amount=5))
        for at in range(1, 60):
            before = len(receiver.requests)
            email, is_dead = await killed(stage, at, commits=commits)
            done = len(receiver.requests) - before
            [call] = [step for step in await stage.steps(email) if step.place]
            assert done <= 1, f"killed at transaction {at}: paid {done} times"
            assert call.state is (StepState.DONE if done else StepState.FAILED) or (
                call.content["result"] == {"reason": "tool.outcome_unknown"}
            )
            if not is_dead:
                assert (done, call.state) == (1, StepState.DONE)
                break


@pytest.mark.parametrize("is_repeatable", [True, False])
async def test_a_tool_of_an_mcp_server_is_called_once_or_known_again_by_its_key(
    stage: Stage,
    api: ModelApi,
    tmp_path: Path,
    is_repeatable: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """Counted by the server itself, which writes down each call with the key that came along."""
    async with shop(tmp_path / "shop") as running:
        pay = next(each for each in running.server.tool if each.name == "pay")
        accepted = pay.model_copy(update={"is_repeatable": is_repeatable})
        server = running.server.model_copy(update={"tool": (accepted,)})

        async def reach(server: McpServer, tool: McpTool, asked: Call) -> Result:
            return await call_mcp(way_out(), server, tool, asked, token="")

        stage.tools = mcp_tools([server], reach)
        await stage.allow("mcp:shop/pay")
        await stage.host(tools=["shop_pay"], limits=LIMITS)
        api.otherwise = once(use("shop_pay", amount=5))
        counts: list[int] = []
        for at in range(1, 60):
            before = len(running.calls())
            email, is_dead = await killed(stage, at, commits=False)
            made = running.calls()[before:]
            [call] = [step for step in await stage.steps(email) if step.place]
            counts.append(len(made))
            assert len({one["key"] for one in made}) <= 1
            assert made or call.content["result"] == {"reason": "tool.outcome_unknown"}
            if not is_dead:
                assert call.state is StepState.DONE
                break
        assert counts[-1] == 1
        assert max(counts) == (2 if is_repeatable else 1)


async def test_the_receiver_of_a_repeated_call_sees_the_same_key(stage: Stage, api: ModelApi) -> None:
    async with http_receiver() as receiver:
        stage.tools = [replace(HttpTool(stage.scene.house.egress, receiver.url).tool("pay"), is_repeatable=True)]
        await stage.allow("http:pay")
        await stage.host(tools=["pay"], limits=LIMITS)
        api.otherwise = once(use("pay", amount=5))
        keys = await _keys_when_killed_after_the_effect(stage, receiver)
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def _keys_when_killed_after_the_effect(stage: Stage, receiver: Receiver) -> list[str]:
    for at in range(1, 60):
        before = len(receiver.requests)
        await killed(stage, at, commits=False)
        keys = [headers["idempotency-key"] for headers, _ in receiver.requests[before:]]
        if len(keys) > 1:
            return keys
    return []


@pytest.mark.parametrize("commits", [True, False])
async def test_what_a_person_approved_is_done_once_wherever_the_house_dies(
    stage: Stage,
    api: ModelApi,
    sink: Sink,
    commits: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """Between the word and the deed, and between the deed and its record."""
    await stage.host(approval={"reply": "always"})
    api.otherwise = once(use("reply", text="Tuesday at ten."))
    deaths = 0
    for at in range(1, 60):
        before = len(sink.mails)
        email = await stage.scene.boss_asks()
        await stage.work()
        await stage.send()
        assert len(sink.mails) == before
        await _approve(stage, email)
        [row] = await stage.jobs((TURN,))
        is_dead = await dying(stage, row, at, commits=commits)
        assert len(sink.mails) - before == 1, f"killed at transaction {at}: {len(sink.mails) - before} mails"
        assert (await stage.turn(email)).state is TurnState.DONE
        if not is_dead:
            break
        deaths += 1
    assert deaths >= 6, "there are more boundaries than this"


async def _approve(stage: Stage, email: EmailId) -> None:
    house, [call] = stage.scene.house, [step for step in await stage.steps(email) if step.place]
    async with house.db.transaction(TENANT) as tx:
        turn, _ = await settle_held(
            tx,
            stage.scene.account,
            turn_of(email),
            digest=digest_of(call),
            is_approved=True,
            actor=KEY,
            at=house.clock(),
            entropy=entropy,
        )
        await house.jobs.enqueue(tx, promise(turn.email, turn.thread))
