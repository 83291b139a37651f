import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gatepost.egress import UnreachableError
from gatepost.egress.talk import ANSWER_MAX_OCTETS, HEAD_MAX_OCTETS, INTERIM_MAX, Status, request
from gatepost.egress.talk import Talk as Client
from talkers import Talk, talking

HINT = b"HTTP/1.1 103 Early Hints\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ASKED = request("POST", b"/", b"hook.example", {}, b"{}")


@asynccontextmanager
async def opened(talk: Talk) -> AsyncIterator[Client]:
    async with talking(talk) as port:
        _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
        try:
            yield client
        finally:
            client.close()


def saying(*answers: bytes, hangs_up: bool = False) -> Talk:
    """Answer each request with the next of these octets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for each in answers:
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(each)
            await writer.drain()
        if not hangs_up:
            await reader.read()

    return serve


async def say(client: Client) -> tuple[Status, bool]:
    """Return what was heard, and whether the connection can be asked again."""
    status = await client.say(ASKED)
    await client.hear_out(0.3)
    return status, client.is_free


def test_a_request_is_its_line_its_fields_and_its_body() -> None:
    made = request("POST", b"/a?b=%20", b"hook.example:81", {"webhook-id": "ev_1"}, b"{}")
    assert made == (
        b"POST /a?b=%20 HTTP/1.1\r\nHost: hook.example:81\r\nwebhook-id: ev_1\r\nContent-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\x00", "\u00e9", "a\x7f"])
def test_no_field_smuggles_another(value: str) -> None:
    with pytest.raises(ValueError, match="character"):
        request("POST", b"/", b"hook.example", {"X-Gatepost-Order-Key": value}, b"")


@pytest.mark.parametrize(
    ("answer", "status", "is_free"),
    [
        (OK, Status(200), True),
        (OK.replace(b"\r\n", b"\n"), Status(200), True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Status(204), True),
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", Status(200), True),
        (b"HTTP/1.1 429 Slow\r\nretry-after: 7\r\nContent-Length: 0\r\n\r\n", Status(429, "7"), True),
        (HINT * INTERIM_MAX + OK, Status(200), True),
        (b"HTTP/1.1 103 Hints\r\nRetry-After: 9\r\n\r\n" + OK, Status(200), True),
        (OK.replace(b"Content", b"Connection: close\r\nContent"), Status(200), False),
        (OK.replace(b"1.1", b"1.0"), Status(200), False),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", Status(200), False),
        (b"HTTP/1.1 101 Switch\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", Status(101), False),
        (OK + OK, Status(200), False),
        (OK + b"HTTP/1.1 2", Status(200), False),
        (OK + b"\x00", Status(200), False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Status(200), False),
    ],
)
@pytest.mark.parametrize("at_once", [1, 7, 65_536])
async def test_a_status_is_heard_however_it_comes(
    answer: bytes, status: Status, *, is_free: bool, at_once: int
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        for start in range(0, len(answer), at_once):
            writer.write(answer[start : start + at_once])
            await asyncio.sleep(0)
        await reader.read()

    async with opened(serve) as client:
        assert await client.say(ASKED) == status
        await client.hear_out(0.3)
        await asyncio.sleep(0.05)  # what comes behind the answer is heard, too
        assert client.is_free == is_free


async def test_answers_follow_each_other_on_one_connection() -> None:
    second = OK.replace(b"200", b"500")
    async with opened(saying(OK, second, OK)) as client:
        assert [(await say(client))[0].code for _ in range(3)] == [200, 500, 200]


@pytest.mark.parametrize(
    "answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nCont", b"SSH-2.0-x\r\n", HINT * (INTERIM_MAX + 1)]
)
async def test_what_is_no_answer_is_none(answer: bytes) -> None:
    async with opened(saying(answer, hangs_up=True)) as client:
        with pytest.raises(UnreachableError):
            await client.say(ASKED)
        assert not client.is_free


async def test_whoever_hung_up_meanwhile_is_not_asked() -> None:
    async with opened(saying(OK, hangs_up=True)) as client:
        await client.say(ASKED)
        async with asyncio.timeout(10):
            while client.is_free:  # noqa: ASYNC110  # until its hanging up is here
                await asyncio.sleep(0.01)
        with pytest.raises(UnreachableError):
            await client.say(ASKED)


@pytest.mark.parametrize(
    ("head", "flood", "is_answer"),
    [
        (b"", HINT * 2_000, False),
        (b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n" * 2_000, False),
        (b"HTTP/1.1 200 OK\r\nX: ", b"z" * 20_000, False),
        (CHUNKED, b"1\r\na\r\n" * 5_000, True),
        (CHUNKED + b"1;", b"x" * 20_000, True),
        (CHUNKED + b"0\r\n", b"X-Y: z\r\n" * 2_000, True),
    ],
)
async def test_a_flood_is_cut_off_soon(head: bytes, flood: bytes, *, is_answer: bool) -> None:
    """It would go on for as long as it is let."""
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(head)
        while True:
            writer.write(flood)
            sent += len(flood)
            await writer.drain()

    async with opened(serve) as client:
        heard = await asyncio.gather(say(client), return_exceptions=True)
        assert [isinstance(each, UnreachableError) for each in heard] == [not is_answer]
        assert not client.is_free
    assert sent < 20_000_000 > HEAD_MAX_OCTETS + ANSWER_MAX_OCTETS  # what lies in the sockets' buffers, and no more
