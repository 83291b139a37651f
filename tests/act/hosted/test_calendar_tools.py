"""Against Radicale, as a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from act.hosted.pieces import TURN
from act.hosted.stage import Stage
from gatepost.act.hosted.calendar_tools import calendar_tools
from gatepost.act.hosted.calendars import Calendar
from gatepost.act.hosted.client import reach_calendar
from gatepost.act.hosted.paper import Call, StepState
from gatepost.act.hosted.tools import Tool
from model_api import ModelApi, use
from outbound import NOW
from ways import way_out

SERVER = Path(__file__).parents[2] / "examples" / "calendar_server.py"
TIMES = {"calendar": "work", "start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00Z"}
MORNING = {**TIMES, "end": "2026-11-23T12:00:00Z"}


@pytest.fixture
async def calendar(tmp_path: Path) -> AsyncIterator[Calendar]:
    """An empty calendar."""
    process = await asyncio.create_subprocess_exec(sys.executable, SERVER, tmp_path, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        made = Calendar(name="work", url=f"http://127.0.0.1:{port}/anna/work/", user="anna")
        async with httpx2.AsyncClient(auth=("anna", "x")) as client:
            (await client.request("MKCALENDAR", made.url)).raise_for_status()
        yield made
    finally:
        process.kill()
        await process.wait()


def tools_for(calendar: Calendar) -> dict[str, Tool]:
    async def reach(found: Calendar, call: Call, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        return await reach_calendar(way_out(), found, call, method, path, body, password="x")

    return {tool.name: tool for tool in calendar_tools({calendar.name: calendar}, reach)}


async def run(tool: Tool, key: str = "k", **arguments: Any) -> Any:
    return (await tool.run(Call(turn=TURN, arguments=arguments, key=key, at=NOW))).value


async def test_what_is_booked_is_busy_and_proposed_to_nobody(calendar: Calendar) -> None:
    tools = tools_for(calendar)
    booked = {"start": "2026-11-23T09:00:00+00:00", "end": "2026-11-23T10:00:00+00:00"}
    assert await run(tools["calendar_busy"], **MORNING) == {"busy": []}
    for _ in range(2):  # a repetition under one key
        assert await run(tools["calendar_confirm"], **TIMES, title="Lunch; with, Anna") == {"booked": booked}
    assert await run(tools["calendar_busy"], **MORNING) == {"busy": [booked]}
    proposed = await run(tools["calendar_propose"], **MORNING, minutes=90)
    assert proposed == {"free": [{"start": "2026-11-23T10:00:00+00:00", "end": "2026-11-23T11:30:00+00:00"}]}
    async with httpx2.AsyncClient(auth=("anna", "x")) as client:
        held = (await client.get(calendar.url)).text
    assert held.count("BEGIN:VEVENT") == 1
    assert "SUMMARY:Lunch\\; with\\, Anna" in held


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"calendar": "home"}, "calendar.unknown"), ({"start": "soon"}, "a time cannot be read")],
)
async def test_what_cannot_be_asked_is_told(calendar: Calendar, changes: dict[str, str], said: str) -> None:
    tools = tools_for(calendar)
    assert await run(tools["calendar_busy"], **{**TIMES, **changes}) == {"reason": said}
    assert await run(tools["calendar_confirm"], **{**TIMES, **changes}, title="x") == {"reason": said}


async def test_a_calendar_that_is_not_there_is_told(calendar: Calendar) -> None:
    gone = tools_for(calendar.model_copy(update={"url": "http://127.0.0.1:9/"}))
    assert await run(gone["calendar_confirm"], **TIMES, title="x") == {"reason": "calendar.unreachable"}
    missing = tools_for(calendar.model_copy(update={"url": calendar.url.replace("work", "none")}))
    assert await run(missing["calendar_busy"], **TIMES) == {"reason": "calendar.refused"}


async def test_a_turn_books_only_with_the_grant_and_in_the_calendars_of_its_limits(
    stage: Stage, api: ModelApi, calendar: Calendar
) -> None:
    stage.tools = list(tools_for(calendar).values())
    await stage.allow("calendar.read", "calendar.confirm")
    await stage.host(tools=list(tools_for(calendar)), limits={"calendars": ["work"]})
    api.script = [
        [use("calendar_propose", **MORNING, minutes=30)],
        [use("calendar_confirm", **{**TIMES, "calendar": "home"}, title="x")],
        [use("calendar_confirm", **TIMES, title="Review")],
    ]
    email = await stage.scene.boss_asks()
    await stage.work()
    steps = [step for step in await stage.steps(email) if step.place]
    assert [(step.state, step.reason) for step in steps] == [
        (StepState.REFUSED, "tool.not_granted"),
        (StepState.REFUSED, "arguments.outside_limits"),
        (StepState.DONE, "tool.granted"),
    ]


def test_without_a_calendar_there_are_no_tools() -> None:
    async def reach(_calendar: Calendar, _call: Call, _method: str, _path: str, _body: bytes) -> tuple[int, bytes]:
        return 0, b""

    assert calendar_tools({}, reach) == []
