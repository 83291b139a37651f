from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, field_validator

from gatepost.blobs import BlobsUnavailableError
from gatepost.db import DatabaseUnavailableError
from gatepost.decide import PolicyError, PolicyUnreadableError
from gatepost.deliver import KeyReusedError
from gatepost.doors.rest.problems import MEANINGS, MEDIA_TYPE, Code, Problem, missing
from gatepost.doors.rest.translated import install
from gatepost.keys import ErasedError, SealBrokenError
from gatepost.reply.paper import ParentMissingError, ReplyRefusedError

RAISED: dict[str, tuple[Exception, int, Code]] = {
    "problem": (Problem(Code.SCOPE_MISSING), 403, Code.SCOPE_MISSING),
    "missing": (missing("message"), 404, Code.RESOURCE_MISSING),
    "policy": (
        PolicyError(["auditLog.retentionDays must be >= 1", "senders must be a list"]),
        422,
        Code.POLICY_INVALID,
    ),
    "unreadable": (PolicyUnreadableError(), 409, Code.POLICY_UNREADABLE),
    "flood": (PolicyError(["x" * 1000] * 1000), 422, Code.POLICY_INVALID),
    "surrogate": (PolicyError(["unknown member \ud800"]), 422, Code.POLICY_INVALID),
    "refused": (ReplyRefusedError("bounce.unverified_sender"), 422, Code.REPLY_REFUSED),
    "for now": (ReplyRefusedError("send.rate_agent"), 429, Code.REPLY_TOO_MANY),
    "unknown reason": (ReplyRefusedError("no.such"), 422, Code.REPLY_REFUSED),
    "key reused": (KeyReusedError(), 422, Code.KEY_REUSED),
    "parent": (ParentMissingError("select * from email"), 404, Code.RESOURCE_MISSING),
    "erased": (ErasedError("em_x"), 410, Code.RESOURCE_ERASED),
    "damaged": (SealBrokenError("a seal is broken"), 500, Code.RESOURCE_UNREADABLE),
    "database": (DatabaseUnavailableError("OperationalError"), 503, Code.HOUSE_UNAVAILABLE),
    "blobs": (BlobsUnavailableError("s3://bucket"), 503, Code.HOUSE_UNAVAILABLE),
}


class Body(BaseModel):
    text: str

    @field_validator("text")
    @classmethod
    def _no_orders(cls, text: str) -> str:
        if text == "go away":
            raise ValueError("must be polite")
        return text


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    install(app)

    @app.get("/raise/{name}")
    async def fail(name: str) -> None:
        raise RAISED[name][0]

    @app.put("/body")
    async def put() -> None:
        pass

    @app.post("/body")
    async def take(body: Body) -> None:
        del body

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://house") as client:
        yield client


@pytest.mark.parametrize("name", RAISED)
async def test_each_typed_error_becomes_one_status_and_code(client: httpx2.AsyncClient, name: str) -> None:
    error, status, code = RAISED[name]
    answer = await client.get(f"/raise/{name}")
    body = answer.json()
    assert answer.status_code == status == body["status"]
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert body["type"] == f"/api/problems/{code}"
    assert body["title"] == MEANINGS[code].title
    assert body["error"] == body["detail"]
    if isinstance(error, (DatabaseUnavailableError, BlobsUnavailableError, ParentMissingError)):
        assert str(error) not in answer.text


async def test_every_fault_of_a_policy_is_listed(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/raise/policy")).json()
    assert body["errors"] == ["auditLog.retentionDays must be >= 1", "senders must be a list"]


async def test_a_refused_reply_gives_the_reason_code(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/raise/refused")).json()["errors"] == ["bounce.unverified_sender"]


async def test_an_unavailable_house_says_when_to_come_back(client: httpx2.AsyncClient) -> None:
    assert int((await client.get("/raise/database")).headers["retry-after"]) >= 1


async def test_what_store_is_away_is_named(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/raise/blobs")).json()["errors"] == ["blobs.away"]


async def test_a_validation_error_names_the_place_and_never_the_value(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/body", json={"text": ["private words"]})
    assert answer.status_code == 422
    assert answer.json()["errors"] == ["body.text: Input should be a valid string"]
    assert "private" not in answer.text


async def test_a_fault_that_a_shape_tells_is_told_in_its_own_words(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/body", json={"text": "go away"})
    assert answer.json()["errors"] == ["body.text: must be polite"]


async def test_a_sentence_no_encoding_knows_is_still_told(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/raise/surrogate")).json()["errors"] == ["unknown member ?"]


async def test_a_body_that_was_not_sent_as_json_is_told_how(client: httpx2.AsyncClient) -> None:
    for headers in ({"content-type": "application/x-www-form-urlencoded"}, {"content-type": "application/json"}):
        answer = await client.post("/body", content=b'["text"]', headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"] == ["body: Input should be a JSON object, sent as application/json"]


async def test_what_is_not_json_is_a_400(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/body", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/api/problems/request.malformed")


async def test_an_unknown_path_and_method_are_problems_too(client: httpx2.AsyncClient) -> None:
    nowhere = await client.get("/nowhere")
    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "/api/problems/resource.missing")
    wrong = await client.delete("/body")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST, PUT")
    assert wrong.json()["type"] == "/api/problems/method.unsupported"


async def test_a_flood_of_faults_is_cut(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/raise/flood")).json()
    assert len(body["errors"]) == 50
    assert {len(text) for text in body["errors"]} == {300}
