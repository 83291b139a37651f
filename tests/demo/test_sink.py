"""The sink keeps exactly what was sent."""

import asyncio

import sink
from smtp import Letter, send


def letter(raw: bytes) -> Letter:
    return Letter(source="127.0.10.1", helo="mail.example", mail_from="a@b.example", rcpt_to="c@d.example", raw=raw)


async def test_what_was_sent_is_what_was_caught() -> None:
    raw = b"Subject: dots\r\n\r\n.\r\n..two\r\nend\r\n"
    async with sink.catch() as caught:
        answer = await send(letter(raw), "127.0.0.1", caught.port)
        assert str(answer) == "250 2.0.0"
        assert caught.caught == [sink.Caught("a@b.example", ("c@d.example",), raw)]


async def test_two_messages_in_a_row_are_kept_in_order() -> None:
    async with sink.catch() as caught:
        for text in (b"one\r\n", b"two\r\n"):
            await send(letter(text), "127.0.0.1", caught.port)
        assert [kept.raw for kept in caught.caught] == [b"one\r\n", b"two\r\n"]


async def test_waiting_ends_when_the_mail_is_there() -> None:
    async with sink.catch() as caught, asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(caught.wait_for(1, timeout_s=4))
        group.create_task(_ignore(letter(b"x\r\n"), caught.port))
    assert len(caught.caught) == 1


async def test_waiting_ends_when_the_time_is_up() -> None:
    async with sink.catch() as caught:
        await caught.wait_for(1, timeout_s=0.01)
        assert not caught.caught


async def test_an_unknown_command_is_refused_and_the_talk_goes_on() -> None:
    async with sink.catch() as caught:
        reader, writer = await asyncio.open_connection("127.0.0.1", caught.port)
        writer.write(b"WHAT\r\nNOOP\r\nQUIT\r\n")
        codes = [(await reader.readuntil(b"\r\n"))[:3] for _ in range(4)]
        writer.close()
        await writer.wait_closed()
    assert codes == [b"220", b"502", b"250", b"221"]


async def _ignore(sent: Letter, port: int) -> None:
    await send(sent, "127.0.0.1", port)
