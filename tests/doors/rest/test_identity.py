from doors.rest.scene import Tenancy, calls
from gatepost.access import ROLE_SCOPES, Role
from gatepost.doors import rest
from gatepost.journey import House


async def test_whoami_tells_role_scopes_and_reach(house: House, ours: Tenancy) -> None:
    app = rest.build(house)
    async with calls(app, ours.owner) as owner, calls(app, ours.agent) as agent:
        told = (await owner.get("/api/v1/whoami")).json()
        assert told == {
            "key_id": ours.key_ids[Role.OWNER],
            "tenant_id": ours.tenant,
            "role": "owner",
            "scopes": sorted(ROLE_SCOPES[Role.OWNER]),
            "mailbox_id": None,
        }
        assert (await agent.get("/api/v1/whoami")).json()["mailbox_id"] == ours.account


async def test_an_owner_lists_every_mailbox_and_an_agent_its_own(
    house: House, theirs: Tenancy, neighbour: Tenancy
) -> None:
    app = rest.build(house)
    async with calls(app, theirs.owner) as owner, calls(app, neighbour.agent) as agent:
        every = (await owner.get("/api/v1/mailboxes")).json()["items"]
        assert every == [
            {"id": theirs.account, "address": "agent@theirs.test"},
            {"id": neighbour.account, "address": "second@theirs.test"},
        ]
        assert (await agent.get("/api/v1/mailboxes")).json()["items"] == every[1:]
