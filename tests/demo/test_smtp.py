"""The stranger's client: it reads replies as RFC 5321 writes them, and may misbehave on purpose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

import smtp


@contextlib.asynccontextmanager
async def scripted(*replies: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve one client: say the next reply for each line heard, the first of them unasked."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            writer.write(reply)
            await writer.drain()
            heard.append(await reader.readline())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


def letter(raw: bytes = b"x\r\n") -> smtp.Letter:
    return smtp.Letter(source="127.0.66.6", helo="h.example", mail_from="a@b.example", rcpt_to="c@d.example", raw=raw)


async def test_the_first_refusal_is_the_answer() -> None:
    async with scripted(b"220 hi\r\n", b"250 hi\r\n", b"250 2.1.0 ok\r\n", b"550 5.1.1 nobody\r\n") as (port, heard):
        answer = await smtp.send(letter(), "127.0.0.1", port)
    assert str(answer) == "550 5.1.1"
    assert heard[2] == b"RCPT TO:<c@d.example>\r\n"


async def test_the_size_is_read_from_a_reply_of_many_lines() -> None:
    async with scripted(b"220 hi\r\n", b"250-hi\r\n250-SIZE 1000\r\n250 PIPELINING\r\n") as (port, _):
        assert await smtp.announced_size("127.0.0.1", port) == 1000


async def test_a_reply_without_an_enhanced_code_has_none() -> None:
    async with scripted(b"220 hi\r\n", b"421 closing down now\r\n") as (port, _):
        answer = await smtp.send(letter(), "127.0.0.1", port)
    assert (answer.code, answer.enhanced, answer.lines) == (421, "", ("closing down now",))


async def test_it_connects_from_the_address_of_its_choice() -> None:
    peers: list[str] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername")[0])
        writer.write(b"220 hi\r\n554 no\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    await smtp.send(letter(), "127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()
    assert peers == ["127.0.66.6"]


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"\r\n", b".\r\n"]), max_size=12).map(b"".join))
def test_stuffing_can_be_undone_and_never_contains_the_end(raw: bytes) -> None:
    stuffed = smtp.stuffed(raw)
    lines = stuffed.split(b"\r\n")
    assert b"." not in lines
    ended = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    assert b"\r\n".join(line.removeprefix(b".") for line in lines) == ended
