import httpx2
from structlog.typing import EventDict

from doors.rest.scene import Tenancy, calls
from gatepost.access import Role
from gatepost.doors import rest
from gatepost.journey import House


async def test_the_description_is_served_beside_the_routes(house: House) -> None:
    async with calls(rest.build(house), None) as client:
        answer = await client.get("/api/openapi.json")
        assert answer.json() == rest.assemble().openapi()
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_no_page_that_loads_scripts_from_elsewhere_is_served(house: House) -> None:
    async with calls(rest.build(house), None) as client:
        for path in ("/docs", "/redoc", "/api/docs", "/"):
            assert (await client.get(path)).status_code == 404


async def test_a_final_slash_is_another_path_and_no_redirect(house: House) -> None:
    async with calls(rest.build(house), None) as client:
        assert (await client.get("/health/live/", headers={"Host": "evil.test"})).status_code == 404


async def test_the_log_names_the_route_and_the_key_and_nothing_a_caller_wrote(
    house: House, ours: Tenancy, said: list[EventDict]
) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        await client.get(f"/api/v1/mailboxes/{ours.account}/messages/em_secret?x=boss@boss.test")
        await client.get("/boss@boss.test")
    lines = [line for line in said if line["event"] == "rest.answered"]
    assert [(line["method"], line["route"], line["status"], line["key"]) for line in lines] == [
        ("GET", "/v1/mailboxes/{mailbox_id}/messages/{message_id}", 422, ours.key_ids[Role.OWNER]),
        ("GET", "", 404, ""),
    ]
    assert "em_secret" not in str(said)
    assert "boss" not in str(said)
    assert ours.owner not in str(said)


async def test_two_doors_share_nothing(house: House) -> None:
    first, second = rest.build(house), rest.build(house)
    assert first.state.limiter is not second.state.limiter
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(first), base_url="http://house") as client:
        assert (await client.get("/health/live")).is_success
