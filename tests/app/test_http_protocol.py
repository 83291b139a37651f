import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.running import Http
from gatepost.app import http_protocol
from gatepost.app.http import listening
from gatepost.doors.rest import problems
from gatepost.doors.rest.problems import Code, Problem

Send = Callable[[dict[str, Any]], Awaitable[None]]


async def echo(scope: dict[str, Any], receive: Any, send: Send) -> None:
    """Answer with the body and the names of the fields, once the whole of it is there."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    said = body + b",".join(name for name, _ in scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with listening(echo, "127.0.0.1", 0, door="http") as port:
        yield port


def spelled(code: Code, detail: str) -> str:
    return bytes(problems.response(Problem(code, detail)).body).decode()


HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKS = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "endless"),
    [
        (b"GET /", b"a" * 1000),
        (HEAD + b"X: ", b"a" * 1000),
        (HEAD, b"X: aaaaaaaa\r\n" * 100),
        (b"", b"\r\n" * 500),
        (CHUNKS + b"1;", b"a" * 1000),
        (CHUNKS + b"1\r\nb\r\n0\r\n", b"X: aaaaaaaa\r\n" * 100),
    ],
    ids=["line", "field", "fields", "blank lines", "chunk extension", "trailer"],
)
async def test_a_head_without_end_is_ended(port: int, first: bytes, endless: bytes) -> None:
    client = await Http.connect(port, tls=False)
    client.writer.write(first)
    await asyncio.sleep(0.05)
    for _ in range(http_protocol.HEAD_MAX_OCTETS // len(endless) + 1):
        client.writer.write(endless)
        await asyncio.sleep(0)
    status, headers, body = await client.answer()
    assert (status, headers["connection"]) == (413, "close")
    assert body == spelled(Code.REQUEST_TOO_LARGE, "The request's head is too large.")
    await client.close()


async def test_a_large_body_in_small_chunks_is_no_head(port: int) -> None:
    client = await Http.connect(port, tls=False)
    client.writer.write(CHUNKS + b"1\r\nb\r\n" * http_protocol.HEAD_MAX_OCTETS + b"0\r\n\r\n")
    assert (await client.answer())[0] == 200
    assert (await client.get("/"))[0] == 200  # and the connection goes on
    await client.close()


async def test_a_trailer_adds_nothing_to_the_head(port: int) -> None:
    client = await Http.connect(port, tls=False)
    client.writer.write(CHUNKS + b"1\r\nb\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
    assert (await client.answer())[2] == "bhost,transfer-encoding"
    await client.close()


@pytest.mark.parametrize("said", [b"", HEAD, b"\r\n"], ids=["silence", "half a head", "a blank line"])
async def test_who_brings_no_head_is_not_waited_for(port: int, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.1)
    client = await Http.connect(port, tls=False)
    client.writer.write(said)
    status, _, body = await client.answer()
    assert (status, body) == (408, spelled(Code.REQUEST_TOO_SLOW, "The request's head did not arrive in time."))
    await client.close()


async def test_a_further_request_has_its_time_too(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await Http.connect(port, tls=False)
    assert (await client.get("/"))[0] == 200
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.1)
    client.writer.write(b"\r\n")
    assert (await client.answer())[0] == 408
    await client.close()


async def test_a_next_request_that_comes_slowly_does_not_cut_the_answer_to_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.1)
    goes_on = asyncio.Event()

    async def slow(scope: dict[str, Any], receive: Any, send: Send) -> None:
        await goes_on.wait()
        await echo(scope, receive, send)

    async with listening(slow, "127.0.0.1", 0, door="http") as port:
        client = await Http.connect(port, tls=False)
        client.writer.write(HEAD + b"\r\nGET")
        await asyncio.sleep(0.3)
        goes_on.set()
        assert (await client.answer())[0] == 200
        await client.close()


@pytest.mark.parametrize(
    "said",
    [b"", HEAD, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"],
    ids=["silence", "half a head", "half a body"],
)
async def test_a_crowd_that_asks_nothing_shuts_nobody_out(
    port: int, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "CROWDED", 5)
    async with AsyncExitStack() as stack:
        crowd = []
        for _ in range(20):
            client = await Http.connect(port, tls=False)
            stack.push_async_callback(client.close)
            client.writer.write(said)
            await asyncio.sleep(0.01)
            crowd.append(client)
        late = await Http.connect(port, tls=False)
        assert (await late.get("/"))[0] == 200
        await late.close()
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await crowd[0].answer()  # whoever came first has gone


async def test_an_answer_under_way_makes_room_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "CROWDED", 2)
    goes_on = asyncio.Event()

    async def slow(scope: dict[str, Any], receive: Any, send: Send) -> None:
        await goes_on.wait()
        await echo(scope, receive, send)

    async with listening(slow, "127.0.0.1", 0, door="http") as port, AsyncExitStack() as stack:
        asking = []
        for _ in range(2):
            client = await Http.connect(port, tls=False)
            stack.push_async_callback(client.close)
            client.writer.write(HEAD + b"\r\n")
            asking.append(client)
        await asyncio.sleep(0.1)
        late = await Http.connect(port, tls=False)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await late.answer()  # nobody else waits: it is the one who goes
        goes_on.set()
        assert [(await client.answer())[0] for client in asking] == [200, 200]
        await late.close()
