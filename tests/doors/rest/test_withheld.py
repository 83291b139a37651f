"""What a held message says reaches no agent: every route is asked for it."""

import re

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, sequence, set_policy, write
from doors.rest.test_isolation import operations
from gatepost.access import Role
from gatepost.deliver.paper import Held
from gatepost.doors import rest
from gatepost.journey import House

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
