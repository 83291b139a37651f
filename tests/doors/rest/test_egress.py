from doors.rest.scene import Tenancy, calls
from gatepost.doors import rest
from gatepost.doors.rest import egress as noun
from gatepost.egress import Errand, Purpose
from gatepost.journey import House
from gatepost.record.connections import write_connections


async def test_a_tenant_reads_what_is_declared_and_its_own_connections(
    house: House, ours: Tenancy, theirs: Tenancy
) -> None:
    house.egress.admit(Errand(Purpose.WEBHOOK, "wh_ours", ours.tenant), "hook.example", 443, "127.0.0.1")
    await write_connections(house.db, house.egress, operator=None, entropy=house.entropy)
    app = rest.build(house)
    async with calls(app, ours.owner) as us, calls(app, theirs.owner) as them:
        mine, others = (await us.get("/api/v1/egress")).json(), (await them.get("/api/v1/egress")).json()
    assert mine["destinations"] == others["destinations"]
    assert {row["purpose"] for row in mine["destinations"]} == {purpose.value for purpose in Purpose}
    assert mine["destinations"][0].keys() == {
        "purpose",
        "destination",
        "region",
        "mechanism",
        "decided_by",
        "is_encrypted",
    }
    assert [(row["purpose"], row["destination"], row["count"]) for row in mine["opened"]] == [("webhook", "wh_ours", 1)]
    assert others["opened"] == []


async def test_an_agents_key_does_not_read_it(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.agent) as agent:
        assert (await agent.get("/api/v1/egress")).status_code == 403


def test_it_has_one_route() -> None:
    assert [getattr(route, "path", "") for route in noun.router.routes] == ["/v1/egress"]
