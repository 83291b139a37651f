from dataclasses import replace

import httpx2

from gatepost.db import Database
from gatepost.doors import rest
from gatepost.doors.rest.problems import Code
from gatepost.journey import House
from gatepost.keys import KeyStore


def client_of(house: House) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(rest.build(house)), base_url="http://house")


async def test_a_house_with_its_database_is_alive_and_ready(house: House) -> None:
    async with client_of(house) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok"}


async def test_a_house_without_its_database_is_alive_but_not_ready(house: House, app_dsn: str, keys: KeyStore) -> None:
    async with Database.open(app_dsn, keys) as away:
        pass  # closed again: from here on nobody answers
    async with (
        client_of(replace(house, db=away)) as client,
    ):
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "dbname" not in answer.text


async def test_every_problem_type_explains_itself(house: House) -> None:
    async with client_of(house) as client:
        for code in Code:
            told = (await client.get(f"/api/problems/{code}")).json()
            assert told["code"] == code
            assert told["advice"]
        assert (await client.get("/api/problems/nothing.such")).status_code == 404
