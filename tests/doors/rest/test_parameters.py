from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from gatepost.doors.rest.parameters import EntryCursor, IdempotencyKey, Limit, MailboxId, MessageId
from gatepost.doors.rest.translated import install


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    install(app)

    @app.get("/{mailbox_id}/{message_id}")
    async def echo(
        mailbox_id: MailboxId,
        message_id: MessageId,
        limit: Limit = 50,
        cursor: EntryCursor = None,
        idempotency_key: IdempotencyKey = "",
    ) -> list[object]:
        return [mailbox_id, message_id, limit, cursor, idempotency_key]

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://house") as client:
        yield client


async def test_what_is_in_bounds_comes_through(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/7/em_abc?limit=200&cursor=9", headers={"Idempotency-Key": "order-7/b"})
    assert answer.json() == [7, "em_abc", 200, 9, "order-7/b"]


@pytest.mark.parametrize(
    "target",
    [
        "/0/em_abc",
        "/9007199254740992/em_abc",
        "/99999999999999999999999999/em_abc",
        "/seven/em_abc",
        "/7/em%00abc",
        "/7/em'abc",
        "/7/em_abc%0A",
        "/7/" + "e" * 81,
        "/7/%D0%B5m_abc",
        "/7/em_abc?limit=0",
        "/7/em_abc?limit=201",
        "/7/em_abc?cursor=-1",
        "/7/em_abc?cursor=1e3",
    ],
)
async def test_what_is_out_of_bounds_is_refused_before_any_room_sees_it(
    client: httpx2.AsyncClient, target: str
) -> None:
    answer = await client.get(target)
    assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/request.invalid")


@pytest.mark.parametrize("name", ["two words", "x" * 256, "\u00fcber"])
async def test_an_idempotency_key_is_short_visible_ascii(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get("/7/em_abc", headers={b"Idempotency-Key": name.encode("latin-1")})
    assert answer.status_code == 422
