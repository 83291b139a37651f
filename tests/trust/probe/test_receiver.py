import asyncio

from gatepost.trust.probe.receiver import Handed, receiving
from gatepost.trust.probe.server import HOST


async def spoken(port: int, *lines: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection(HOST, port)
    for line in lines:
        writer.write(line + b"\r\n")
    writer.write_eof()
    replies = (await reader.read()).splitlines()
    writer.close()
    return [reply[:3] for reply in replies]


async def test_what_is_handed_over_is_kept_as_it_was_written() -> None:
    async with receiving() as made:
        letter = (b"Subject: x", b"", b"..one dot", b".")
        said = await spoken(made.port, b"EHLO a", b"MAIL FROM:<>", b"RCPT TO:<b@c.example>", b"DATA", *letter, b"QUIT")
    assert said == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]
    assert made.taken == [Handed("b@c.example", b"Subject: x\r\n\r\n.one dot\r\n")]


async def test_a_mail_that_breaks_off_or_has_no_end_was_not_taken() -> None:
    async with receiving() as made:
        await spoken(made.port, b"RCPT TO:<b@c.example>", b"DATA", b"Subject: x")
        await spoken(made.port, b"DATA", *[b"x" * 60_000] * 17, b".")
    assert made.taken == []
