import httpx2

from gatepost.doors import rest
from gatepost.doors.rest.problems import Code
from gatepost.journey import House


def client_of(house: House, *wrong: str) -> httpx2.AsyncClient:
    async def readiness() -> tuple[str, ...]:
        return wrong

    transport = httpx2.ASGITransport(rest.build(house, readiness=readiness))
    return httpx2.AsyncClient(transport=transport, base_url="http://house")


async def test_a_house_with_nothing_wrong_is_alive_and_ready(house: House) -> None:
    async with client_of(house) as client:
        assert (await client.get("/health/live")).json() == {"status": "ok"}
        assert (await client.get("/health/ready")).json() == {"status": "ok"}


async def test_a_house_that_cannot_work_is_alive_and_says_in_words_what_is_wrong(house: House) -> None:
    async with client_of(house, "database.away", "disk.full") as client:
        assert (await client.get("/health/live")).status_code == 200
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["errors"] == ["database.away", "disk.full"]


async def test_a_watcher_may_ask_for_the_head_alone(house: House) -> None:
    for wrong, status in (((), 200), (("disk.full",), 503)):
        async with client_of(house, *wrong) as client:
            assert (await client.head("/health/live")).status_code == 200
            assert (await client.head("/health/ready")).status_code == status


async def test_every_problem_type_explains_itself(house: House) -> None:
    async with client_of(house) as client:
        for code in Code:
            told = (await client.get(f"/api/problems/{code}")).json()
            assert told["code"] == code
            assert told["advice"]
        assert (await client.get("/api/problems/nothing.such")).status_code == 404
