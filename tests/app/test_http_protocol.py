import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from app.running import Http, make_pair, trusting
from gatepost.app import http, http_protocol
from gatepost.app.http import listening
from gatepost.arrive import Certificate, Pair
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


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(Pair.read(*map(Path, make_pair(tmp_path / "pair", "gate.example"))))


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


async def test_requests_without_end_before_the_first_answer_are_hung_up_on() -> None:
    begun, goes_on = 0, asyncio.Event()

    async def slow(scope: dict[str, Any], receive: Any, send: Send) -> None:
        nonlocal begun
        begun += 1
        await goes_on.wait()
        await echo(scope, receive, send)

    async with listening(slow, "127.0.0.1", 0, door="http") as port:
        patient, greedy = await Http.connect(port, tls=False), await Http.connect(port, tls=False)
        patient.writer.write((HEAD + b"\r\n") * (http_protocol.PIPELINED_MAX + 1))
        greedy.writer.write((HEAD + b"\r\n") * (http_protocol.PIPELINED_MAX + 2))
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await greedy.answer()
        goes_on.set()
        answers = [(await patient.answer())[0] for _ in range(http_protocol.PIPELINED_MAX + 1)]
        assert answers == [200] * (http_protocol.PIPELINED_MAX + 1)
        assert begun <= http_protocol.PIPELINED_MAX + 2
        await patient.close()
        await greedy.close()


async def test_who_reads_no_answer_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "CROWDED", 2)

    async def large(_scope: dict[str, Any], _receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"50000000")]})
        for _ in range(50):
            await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async with listening(large, "127.0.0.1", 0, door="http") as port, AsyncExitStack() as stack:
        deaf = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            cast("asyncio.Transport", writer.transport).pause_reading()
            writer.write(HEAD + b"\r\n")
            await asyncio.sleep(0.2)
            deaf.append(writer)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"\r\n")
        assert len(await reader.readuntil(b"\r\n\r\n")) > 0
        assert len(await reader.readexactly(50_000_000)) == 50_000_000
        writer.close()
        cast("asyncio.Transport", deaf[0].transport).resume_reading()
        cast("asyncio.Transport", deaf[1].transport).resume_reading()


async def test_an_upload_that_comes_on_is_not_the_one_that_makes_room(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "CROWDED", 3)
    body = bytes(100_000)
    honest, silent = await Http.connect(port, tls=False), await Http.connect(port, tls=False)
    honest.writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
    await asyncio.sleep(0.05)
    later = []
    for at in range(0, len(body), 10_000):
        honest.writer.write(body[at : at + 10_000])
        await asyncio.sleep(0.02)
        later.append(await Http.connect(port, tls=False))
        await asyncio.sleep(0.02)
    assert (await honest.answer())[0] == 200
    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await silent.answer()
    for each in (honest, silent, *later):
        await each.close()


async def test_of_those_who_keep_us_waiting_the_address_with_most_makes_room_first(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "CROWDED", 4)
    async with listening(echo, "127.0.0.1", 0, door="http", certificate=certificate) as port, AsyncExitStack() as stack:
        waiting = []
        for place in ("127.0.0.2", "127.0.0.3", "127.0.0.3", "127.0.0.3", "127.0.0.4"):
            local = (place, 0)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(), local_addr=local)
            stack.callback(writer.close)
            waiting.append(reader)
            await asyncio.sleep(0.05)
        assert [await _has_ended(reader) for reader in waiting] == [False, True, False, False, False]


async def _has_ended(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(0.2):
            return await reader.read(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux bounds what stays unread")
async def test_whoever_takes_nothing_of_an_answer_is_gone_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "UNREAD_S", 0.5)
    gone = asyncio.Event()

    async def large(_scope: dict[str, Any], receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"50000000")]})
        for _ in range(50):
            await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})
        if (await receive())["type"] == "http.disconnect":
            gone.set()

    async with listening(large, "127.0.0.1", 0, door="http") as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        cast("asyncio.Transport", writer.transport).pause_reading()
        writer.write(HEAD + b"\r\n")
        async with asyncio.timeout(15):
            await gone.wait()
        writer.close()
