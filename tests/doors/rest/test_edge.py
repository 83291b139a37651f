import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict

from doors.rest.scene import served
from gatepost.doors.rest.edge import DROPPED_MAX_OCTETS, SMALL_OCTETS, Edge
from gatepost.doors.rest.translated import install


def tiny() -> FastAPI:
    app = FastAPI()
    install(app)

    @app.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.get("/fault/{secret}")
    async def fault(secret: str) -> None:
        raise ZeroDivisionError(f"boss@example.com wrote {secret}")

    app.add_middleware(Edge, body_max_octets=1000, body_timeout_s=0.1)
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(tiny()), base_url="http://house") as client:
        yield client


async def pieces(*lengths: int) -> AsyncIterator[bytes]:
    for length in lengths:
        yield b"x" * length


@pytest.mark.parametrize(("octets", "status"), [(1000, 200), (1001, 413)])
async def test_the_limit_is_exact_for_an_announced_body(client: httpx2.AsyncClient, octets: int, status: int) -> None:
    assert (await client.post("/size", content=b"x" * octets)).status_code == status


@pytest.mark.parametrize(("last", "status"), [(400, 200), (401, 413)])
async def test_the_limit_is_exact_for_a_body_in_pieces(client: httpx2.AsyncClient, last: int, status: int) -> None:
    answer = await client.post("/size", content=pieces(600, last))
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["type"] == "/api/problems/request.too_large"
        assert answer.headers["connection"] == "close"


async def test_an_absurd_content_length_is_refused_not_parsed() -> None:
    sent = await speak([], headers=[(b"content-length", b"9" * 5000)])
    assert sent[0]["status"] == 413


async def test_who_still_sends_too_much_is_heard_out_and_then_answered() -> None:
    piece: Message = {"type": "http.request", "body": b"x" * 600, "more_body": True}
    waiting = [piece, piece, piece, {**piece, "more_body": False}]
    sent = await speak(waiting, headers=[(b"content-length", b"2400")])
    assert (sent[0]["status"], waiting) == (413, [])


async def test_who_sends_without_end_is_not_heard_out() -> None:
    piece: Message = {"type": "http.request", "body": bytes(DROPPED_MAX_OCTETS // 4), "more_body": True}
    waiting = [piece] * 10
    sent = await speak(waiting)
    assert (sent[0]["status"], len(waiting)) == (413, 5)


async def test_who_waits_to_be_told_to_go_on_is_not_let_send_in_vain() -> None:
    sent = await speak([], headers=[(b"content-length", b"2400"), (b"expect", b"100-continue")])
    assert sent[0]["status"] == 413


async def test_a_body_that_dribbles_is_given_up() -> None:
    sent = await speak([{"type": "http.request", "body": b"x", "more_body": True}])
    assert sent[0]["status"] == 408


async def test_bodies_under_way_have_one_bound_and_whoever_began_first_makes_room() -> None:
    async def hear(request: Scope, receive: Receive, send: Send) -> None:
        await Response(await Request(request, receive).body())(request, receive, send)

    edge = Edge(hear, bodies_max_octets=3 * SMALL_OCTETS)
    piece: Message = {"type": "http.request", "body": bytes(SMALL_OCTETS + 1), "more_body": True}
    slow = [Speaker(edge, [{**piece, "body": b"small"}])] + [Speaker(edge, [piece]) for _ in range(4)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.speak()) for each in slow]
        await asyncio.sleep(0.05)
        assert [each.status for each in slow] == [None, 408, 408, None, None]
        late = Speaker(edge, [{**piece, "more_body": False}])
        await late.speak()
        await asyncio.sleep(0.05)
        assert (late.status, slow[3].status, slow[4].status) == (200, 408, None)
        for task in tasks:
            task.cancel()
    small = [Speaker(edge, [{**piece, "body": bytes(SMALL_OCTETS)}]) for _ in range(4)]
    async with asyncio.TaskGroup() as group:  # what was cancelled is held no longer
        tasks = [group.create_task(each.speak()) for each in small]
        await asyncio.sleep(0.05)
        assert [each.status for each in small] == [408, None, None, None]
        for task in tasks:
            task.cancel()


async def test_bodies_of_one_address_make_no_room_at_the_cost_of_another_s() -> None:
    async def hear(request: Scope, receive: Receive, send: Send) -> None:
        await Response(await Request(request, receive).body())(request, receive, send)

    edge = Edge(hear, bodies_max_octets=4 * SMALL_OCTETS)
    piece: Message = {"type": "http.request", "body": bytes(SMALL_OCTETS + 1), "more_body": True}
    honest = Speaker(edge, [piece], "192.0.2.1")
    stranger = [Speaker(edge, [piece], f"2001:db8::{number}") for number in range(5)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.speak()) for each in (honest, *stranger)]
        await asyncio.sleep(0.05)
        assert [each.status for each in (honest, *stranger)] == [None, 408, 408, 408, None, None]
        for task in tasks:
            task.cancel()


async def test_a_body_whose_time_is_just_over_makes_room_for_one_that_is_not_hurt_by_it() -> None:
    async def hear(request: Scope, receive: Receive, send: Send) -> None:
        await Response(await Request(request, receive).body())(request, receive, send)

    loop = asyncio.get_running_loop()
    edge = Edge(hear, bodies_max_octets=SMALL_OCTETS, body_timeout_s=0.2)
    piece: Message = {"type": "http.request", "body": bytes(SMALL_OCTETS), "more_body": True}
    small: Message = {"type": "http.request", "body": b"x", "more_body": False}
    slow, late = Speaker(edge, [piece]), Speaker(edge, [])
    async with asyncio.TaskGroup() as group:
        group.create_task(slow.speak())
        began = loop.time()
        await asyncio.sleep(0.1)
        group.create_task(late.speak())
        await asyncio.sleep(0.02)
        loop.call_at(began + 0.19, late.say, small)
        time.sleep(began + 0.21 - loop.time())  # noqa: ASYNC251  # both come in one turn of the loop
    assert (slow.status, late.status) == (408, 200)


async def test_one_body_over_the_bound_of_all_gives_up_itself() -> None:
    speaker = Speaker(Edge(tiny(), bodies_max_octets=10), [{"type": "http.request", "body": bytes(11)}])
    await speaker.speak()
    assert speaker.status == 408


async def test_a_caller_who_left_is_answered_nothing() -> None:
    assert await speak([{"type": "http.disconnect"}]) == []


async def test_every_answer_wears_the_security_headers(client: httpx2.AsyncClient) -> None:
    for answer in (await client.post("/size"), await client.get("/nowhere"), await client.get("/fault/x")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_fault_tells_nobody_what_happened(client: httpx2.AsyncClient, said: list[EventDict]) -> None:
    answer = await client.get("/fault/pa55")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/api/problems/house.fault"
    assert "boss@" not in answer.text
    assert "pa55" not in answer.text
    assert [(line["event"], line.get("route")) for line in said] == [
        ("rest.fault", None),
        ("rest.answered", "/fault/{secret}"),
    ]
    assert (said[0]["error"], Path(said[0]["where"].partition(":")[0]).name) == ("ZeroDivisionError", "test_edge.py")
    assert "at" not in said[0]  # the time of the line has that name
    assert "pa55" not in str(said)


class Speaker:
    """A caller who says these lines and then nothing; ``status`` is what it has heard."""

    def __init__(self, app: ASGIApp, messages: list[Message], address: str = "") -> None:
        self._app, self._waiting, self._address = app, messages, address
        self._said = asyncio.Event()
        self.status: int | None = None

    def say(self, message: Message) -> None:
        self._waiting.append(message)
        self._said.set()

    async def speak(self) -> None:
        scope = {"type": "http", "method": "POST", "path": "/size", "raw_path": b"/size", "query_string": b""}
        client = (self._address, 25) if self._address else None
        await self._app({**scope, "headers": [], "http_version": "1.1", "client": client}, self._receive, self._send)

    async def _receive(self) -> Message:
        while not self._waiting:
            self._said.clear()
            await self._said.wait()
        return self._waiting.pop(0)

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)


async def speak(messages: list[Message], headers: list[tuple[bytes, bytes]] | None = None) -> list[Message]:
    """Play one raw ASGI conversation; a caller out of lines stays silent."""
    waiting, sent = messages, []

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:  # ASGI's shape
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/size", "raw_path": b"/size", "query_string": b""}
    await tiny()({**scope, "headers": headers or [], "http_version": "1.1"}, receive, send)
    return sent


async def test_head_is_what_get_answers_without_its_body() -> None:
    app = FastAPI()
    install(app)
    closed = asyncio.Event()

    @app.get("/text")
    async def text() -> str:
        return "words"

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"line\n"
                    await asyncio.sleep(0.01)
            finally:
                closed.set()

        return StreamingResponse(lines(), media_type="text/plain")

    @app.post("/only")
    async def only() -> None:
        pass

    app.add_middleware(Edge)
    async with served(app) as url, httpx2.AsyncClient(base_url=url) as client, asyncio.timeout(10):
        read, head = await client.get("/text"), await client.head("/text")
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-length", "x-content-type-options"):
            assert head.headers[name] == read.headers[name]
        assert (await client.head("/stream")).headers["content-type"].startswith("text/plain")
        await closed.wait()
        refused = await client.head("/only")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert (await client.delete("/text")).headers["allow"] == "GET, HEAD"
        assert (await client.get("/text")).json() == "words", "the connection is in step"


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br", 415), ("identity", 200), ("", 200)])
async def test_a_packed_body_is_told_to_come_as_it_is(coding: str, status: int) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(tiny()), base_url="http://house") as client:
        answer = await client.post("/size", content=gzip.compress(b"{}"), headers={"Content-Encoding": coding})
        assert answer.status_code == status
        if status == 415:
            assert answer.headers["accept-encoding"] == "identity"
            assert answer.json()["type"] == "/api/problems/media.unsupported"
