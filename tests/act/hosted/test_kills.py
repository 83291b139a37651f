"""Every tool that acts, killed at each step boundary: counted where its effect would be. See also test_survival.py."""

from collections.abc import Callable
from typing import Any

import pytest

from act.hosted.test_every_tool import RULES, TOOLS, World, world
from act.hosted.test_survival import killed, once
from gatepost import decide
from gatepost.act.hosted.kit import kit
from gatepost.act.hosted.paper import Result, Speech, StepState, TurnState
from journeys.scene import KEY
from model_api import ModelApi, use
from outbound import BOSS, NOW, TENANT

__all__ = ["world"]

MEETING = {"calendar": "work", "start": "2026-11-24T09:00:00Z", "end": "2026-11-24T10:00:00Z", "title": "Lunch"}
ACTS: dict[str, dict[str, Any]] = {
    "forward": {"to": ["anna@example.org"], "note": "For you."},
    "calendar_confirm": MEETING,
    "order": {"article": "pens", "price": 5},
}
LOOKS = {"search_mail", "read_attachment", "calendar_busy", "calendar_propose"}
"""They change nothing anywhere, so running them twice is running them once."""
ELSEWHERE = {"reply", "shop_pay", "shop_wipe"}
"""Killed in test_survival.py, where the server of the MCP tools counts itself."""
ENDS = {"handover"}
"""It only ends the turn, in the transaction that writes what came of it."""


def test_no_tool_is_left_out(world: World) -> None:
    """A tool that is new must say where it is killed."""

    async def nothing(_speech: Speech) -> Result:
        raise AssertionError

    every = {tool.name for tool in (*kit(world.stage.scene.house.db, nothing), *world.stage.tools)}
    assert every == set(TOOLS) == ACTS.keys() | LOOKS | ELSEWHERE | ENDS


def _forwarded(world: World) -> list[object]:
    return [mail.rcpt_tos for mail in world.smtp.mails if mail.rcpt_tos != [str(BOSS)]]


def _booked(world: World) -> list[object]:
    """By its name, which is made of the call: nothing is overwritten, so the same name is the same event."""
    asked = [
        (path, "if-none-match: *" in head.lower()) for method, path, head, _ in world.dav.requests if method == "PUT"
    ]
    assert all(is_new for _, is_new in asked)
    return [*{path for path, _ in asked}]


def _ordered(world: World) -> list[object]:
    return [body for _, _, _, body in world.erp.requests]


EFFECTS: dict[str, Callable[[World], list[object]]] = {
    "forward": _forwarded,
    "calendar_confirm": _booked,
    "order": _ordered,
}


@pytest.mark.parametrize("tool", ACTS)
async def test_whatever_acts_acts_once_wherever_the_house_dies(world: World, api: ModelApi, tool: str) -> None:
    """Before the commit of each step, the deed's own among them. An order that nobody can repeat may fail."""
    policy = {
        "defaultAction": "bounce",
        "senders": [RULES["granted"]],
        "outbound": {"recipients": {"domains": ["example.org"]}},
        "auditLog": {"retentionDays": 30},
    }
    async with world.stage.scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, world.stage.scene.account, policy, at=NOW, actor=KEY)
    api.otherwise = once(use(tool, **ACTS[tool]))
    deaths, unknown = 0, 0
    for at in range(1, 60):
        world.forget()
        email, is_dead = await killed(world.stage, at, commits=False)
        [call] = [step for step in await world.stage.steps(email) if step.place]
        done = len(EFFECTS[tool](world))
        is_unknown = call.state is StepState.FAILED and call.content["result"] == {"reason": "tool.outcome_unknown"}
        assert done == 1 or (tool == "order" and is_unknown and done == 0), f"killed at transaction {at}: {done} times"
        assert (await world.stage.turn(email)).state is TurnState.DONE
        unknown += is_unknown
        if not is_dead:
            break
        deaths += 1
    assert (deaths >= 5, unknown > 0) == (True, tool == "order")
