"""What calls amount to over turns: counted where the money goes, whatever turns run at once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from act.hosted.pieces import tool
from act.hosted.stage import Stage
from gatepost.act import hosted
from gatepost.act.hosted.paper import Call, Result, Said, StepState, Turn
from gatepost.act.hosted.worker import TURN
from gatepost.blobs import address_of
from gatepost.ids import EmailId
from gatepost.jobs import Promise
from model_api import Block, ModelApi, text, use
from outbound import job


def once(*asked: Block) -> Callable[[dict[str, Any]], list[Block]]:
    """Ask for these calls, one in each answer, judging by the conversation alone how far it got."""
    return lambda said: [*asked, text("Done.")][len(said["messages"]) // 2 :][:1]


class Till:
    """Takes money and counts it."""

    def __init__(self) -> None:
        self.amounts: list[Any] = []

    async def take(self, call: Call) -> Result:
        self.amounts.append(call.arguments["amount"])
        return Result(value="paid")


@pytest.fixture
async def till(stage: Stage, api: ModelApi) -> Till:
    made = Till()
    stage.tools = [tool("pay", run=made.take), tool("order", run=made.take)]
    await stage.allow("http:pay", "http:order")
    api.otherwise = once(use("pay", amount=60))
    return made


async def host(stage: Stage, **limits: float) -> None:
    await stage.host(tools=["pay", "order"], limits={"amount_max": 100.0, **limits})


async def outcome(stage: Stage, email: EmailId) -> tuple[StepState, str]:
    [call] = [step for step in await stage.steps(email) if step.place]
    return call.state, call.reason


async def paid_twice(stage: Stage, **second: Any) -> tuple[StepState, str]:
    """Have a turn pay, and then another one; return what became of the second."""
    await stage.scene.boss_asks()
    await stage.work()
    email = await stage.scene.boss_asks(**second)
    await stage.work()
    return await outcome(stage, email)


async def test_a_sender_gets_no_more_by_beginning_again(stage: Stage, till: Till) -> None:
    await host(stage)
    assert await paid_twice(stage) == (StepState.REFUSED, "limits.amount_per_sender")
    assert till.amounts == [60]


async def test_a_tag_makes_no_other_sender(stage: Stage, till: Till) -> None:
    """``boss+1`` and ``boss+2`` are one mailbox (RFC 5233), and may spend together what one may."""
    await stage.allow("http:pay", match={"domain": "example.org"})
    await host(stage)
    outcomes = []
    for tag in ("+1", "+2", ""):
        stage.scene.mails += 1
        name = f"<{stage.scene.mails}@example.org>"
        fields = f"From: boss{tag}@example.org\r\nTo: agent@gatepost.test\r\nSubject: Pay\r\nMessage-ID: {name}\r\n"
        raw = f"{fields}\r\nPay.\r\n".encode()
        email = await stage.scene.boss_asks(raw=raw, blob=address_of(raw))
        await stage.work()
        outcomes.append(await outcome(stage, email))
    assert outcomes[0][0] is StepState.DONE
    assert outcomes[1:] == [(StepState.REFUSED, "limits.amount_per_sender")] * 2
    assert till.amounts == [60]


async def test_a_day_later_there_is_as_much_again(stage: Stage, till: Till) -> None:
    await host(stage)
    await stage.scene.boss_asks()
    await stage.work()
    stage.scene.clock.move(timedelta(days=1, seconds=1))
    email = await stage.scene.boss_asks()
    await stage.work()
    assert (await outcome(stage, email))[0] is StepState.DONE
    assert till.amounts == [60, 60]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"amount_per_sender_and_day": 120.0, "amount_per_thread": 120.0}, "tool.granted"),
        ({"amount_per_sender_and_day": 120.0, "amount_per_day": 119.9}, "limits.amount_per_day"),
        ({"amount_per_sender_and_day": 119.99}, "limits.amount_per_sender"),
    ],
)
async def test_the_operator_says_how_much_in_a_day(
    stage: Stage, till: Till, limits: dict[str, float], expected: str
) -> None:
    await host(stage, **limits)
    state, reason = await paid_twice(stage)
    assert reason == expected
    assert len(till.amounts) == (2 if state is StepState.DONE else 1)


async def test_each_tool_has_a_unit_of_its_own(stage: Stage, till: Till, api: ModelApi) -> None:
    await host(stage)
    api.otherwise = once(use("order", amount=60), use("pay", amount=60))
    email = await stage.scene.boss_asks()
    await stage.work()
    assert [step.state for step in await stage.steps(email) if step.place] == [StepState.DONE] * 2
    assert till.amounts == [60, 60]


async def test_turns_that_run_at_once_do_not_pay_twice_what_one_may(stage: Stage, till: Till) -> None:
    await host(stage)
    for _ in range(4):
        await stage.scene.boss_asks()
    desk, asked = stage.desk(), asyncio.Barrier(4)

    async def at_once(turn: Turn, body: bytes) -> Said:
        said = await desk.ask(turn, body)
        if said.calls:
            await asked.wait()
        return said

    take = hosted.handlers(replace(desk, ask=at_once))[TURN]
    promises = [job(Promise(row.kind, row.key, row.body)) for row in await stage.jobs([TURN])]
    await asyncio.gather(*map(take, promises))
    assert till.amounts == [60]


async def test_a_thread_gets_no_more_by_going_on_for_days(stage: Stage, till: Till) -> None:
    await host(stage, amount_per_sender_and_day=1_000.0)
    first = await stage.scene.boss_asks()
    await stage.work()
    stage.scene.clock.move(timedelta(days=2))
    email = await stage.scene.boss_asks(header="In-Reply-To: <1@example.org>\r\n")
    assert (await stage.turn(first)).thread == (await stage.scene.kept(email)).thread
    await stage.work()
    assert await outcome(stage, email) == (StepState.REFUSED, "limits.amount_per_thread")
    assert till.amounts == [60]
