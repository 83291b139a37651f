"""An outside agent that shows what is not its own: tokens of others, of other mail, of held mail, of long ago."""

from collections.abc import Mapping

import pytest

from doors.rest.scene import FakeClock, Tenancy, calls, set_policy, write
from doors.rest.test_granted import ALL, HEAD, TEXT, granting
from doors.rest.test_isolation import BODIES
from gatepost.deliver.paper import Held
from gatepost.doors import rest
from gatepost.ids import EmailId
from gatepost.journey import House

DAY_S = 86_400.0


async def granted(house: House, to: Tenancy, *names: str) -> tuple[EmailId, str]:
    """Let a message arrive that grants these; return it and the token its own agent is shown."""
    await set_policy(house, to, granting(*names))
    email = (await write(house, to, text=TEXT, head=HEAD)).recorded.arrived.email
    async with calls(rest.build(house), to.agent) as agent:
        shown = await agent.get(f"/api/v1/mailboxes/{to.account}/messages/{email}/grant")
    return email, str(shown.json()["token"])


async def tried(house: House, to: Tenancy, email: EmailId, shown: Mapping[str, str]) -> set[tuple[int, str]]:
    """Ask for all that needs a capability, showing this; return how it was answered: status and first reason."""
    base = f"/api/v1/mailboxes/{to.account}"
    async with calls(rest.build(house), to.agent) as agent:
        answers = [
            await agent.get(f"{base}/messages/{email}/attachments/2", headers=shown),
            await agent.get(f"{base}/messages/{email}/raw", headers=shown),
            await agent.get(f"{base}/search?q=tuesday", headers=shown),
            await agent.post(f"{base}/messages", json=BODIES["messages"], headers=shown),
        ]
    return {
        (each.status_code, each.json().get("errors", [""])[0] if each.status_code >= 400 else "") for each in answers
    }


async def test_what_is_granted_to_others_opens_nothing(house: House, ours: Tenancy, theirs: Tenancy) -> None:
    """Another tenant's token, and the name of its message."""
    their_email, their_token = await granted(house, theirs, *ALL)
    email, _ = await granted(house, ours)
    assert await tried(house, ours, email, {"Gatepost-Grant": their_token}) == {(403, "grant.other_tenant")}
    for found in await tried(house, ours, email, {"Gatepost-Message": str(their_email)}):
        assert found in {(403, "grant.missing"), (403, "capability.not_granted")}


async def test_a_neighbours_token_opens_nothing(house: House, theirs: Tenancy, neighbour: Tenancy) -> None:
    """Of the same tenant, signed by the same key."""
    _, token = await granted(house, theirs, *ALL)
    email, _ = await granted(house, neighbour)
    found = await tried(house, neighbour, email, {"Gatepost-Grant": token})
    assert found == {(403, "grant.other_mailbox")}


async def test_another_messages_token_opens_no_file_of_this_one(house: House, ours: Tenancy) -> None:
    _, token = await granted(house, ours, "read_attachment")
    email, _ = await granted(house, ours)
    base = f"/api/v1/mailboxes/{ours.account}/messages/{email}"
    async with calls(rest.build(house), ours.agent) as agent:
        answers = [
            await agent.get(f"{base}/{each}", headers={"Gatepost-Grant": token}) for each in ("attachments/2", "raw")
        ]
    assert {(each.status_code, each.json()["errors"][0]) for each in answers} == {(403, "grant.other_message")}


async def test_a_month_later_a_token_opens_nothing(house: House, ours: Tenancy, clock: FakeClock) -> None:
    email, token = await granted(house, ours, *ALL)
    assert {status for status, _ in await tried(house, ours, email, {"Gatepost-Grant": token})} == {200}
    clock.pass_by(31 * DAY_S)
    for shown in ({"Gatepost-Grant": token}, {"Gatepost-Message": str(email)}):
        assert await tried(house, ours, email, shown) == {(403, "grant.expired")}


@pytest.mark.parametrize("on_its_own", [[], ["search_mail", "send", "send_external"]])
async def test_a_held_message_speaks_for_nobody(house: House, ours: Tenancy, on_its_own: list[str]) -> None:
    """Nor does what the agent may do on its own speak for it where it names that message."""
    policy = granting(*ALL)
    rule = {"match": {"address": "boss@boss.test"}, "capabilities": ALL, "action": "hold"}
    await set_policy(house, ours, {**policy, "senders": [rule], "onItsOwn": on_its_own})
    done = await write(house, ours, text=TEXT, head=HEAD)
    assert isinstance(done.outcome, Held)
    email = done.outcome.email
    base = f"/api/v1/mailboxes/{ours.account}"
    async with calls(rest.build(house), ours.agent) as agent:
        shown = await agent.get(f"{base}/messages/{email}/grant")
    assert shown.status_code == 404
    for found in await tried(house, ours, email, {"Gatepost-Message": str(email)}):
        assert found[0] in {403, 404}
