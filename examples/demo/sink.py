"""Where the agent's replies land: an SMTP server that takes everything and keeps it for the demo to inspect."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

LINE_OCTETS = 1 << 20


@dataclass(frozen=True, slots=True)
class Caught:
    """One message as it came over the wire."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    raw: bytes


@dataclass(slots=True)
class Sink:
    """What has been caught so far, oldest first, and on which port."""

    port: int = 0
    caught: list[Caught] = field(default_factory=list)
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, count: int, *, timeout_s: float) -> None:
        """Return once that many messages were caught, or when the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._more:
                await self._more.wait_for(lambda: len(self.caught) >= count)

    async def serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak the server's half of RFC 5321, as little of it as a sender needs."""
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._converse(reader, writer)
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mail_from, rcpt_to = "", list[str]()
        writer.write(b"220 sink.example ESMTP\r\n")
        while True:
            await writer.drain()
            line = (await reader.readuntil(b"\r\n")).decode("utf-8", "replace").strip()
            match line.upper().split(" ", 1)[0].split(":", 1)[0]:
                case "EHLO" | "HELO":
                    writer.write(b"250-sink.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
                case "MAIL":
                    mail_from, rcpt_to = _path(line), []
                    writer.write(b"250 2.1.0 ok\r\n")
                case "RCPT":
                    rcpt_to.append(_path(line))
                    writer.write(b"250 2.1.5 ok\r\n")
                case "DATA":
                    writer.write(b"354 go ahead\r\n")
                    await writer.drain()
                    self.caught.append(Caught(mail_from, tuple(rcpt_to), await _read_data(reader)))
                    async with self._more:
                        self._more.notify_all()
                    writer.write(b"250 2.0.0 caught\r\n")
                case "RSET" | "NOOP":
                    writer.write(b"250 2.0.0 ok\r\n")
                case "QUIT":
                    writer.write(b"221 2.0.0 bye\r\n")
                    await writer.drain()
                    return
                case _:
                    writer.write(b"502 5.5.1 not here\r\n")


def _path(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


async def _read_data(reader: asyncio.StreamReader) -> bytes:
    """Read up to the lone dot and take the stuffing out (RFC 5321 section 4.5.2)."""
    lines: list[bytes] = []
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)


@contextlib.asynccontextmanager
async def catch(host: str = "127.0.0.1") -> AsyncIterator[Sink]:
    """Catch mail on a free port until the block ends."""
    sink = Sink()
    server = await asyncio.start_server(sink.serve_client, host, 0, limit=LINE_OCTETS)
    sink.port = int(server.sockets[0].getsockname()[1])
    try:
        yield sink
    finally:
        server.close()
