"""A real server on loopback with the hamlet behind it, and a client that says exactly the octets it is told to."""

import asyncio
import itertools
import socket
import ssl
import struct
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from arrive.playbook import HOST, Hamlet
from gatepost.arrive import Limits, SmtpServer, self_signed, server_context
from gatepost.arrive.desk import KnownRoute, Receive, Route, TellRefused

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def certificate(folder: Path) -> ssl.SSLContext:
    return server_context(*self_signed(folder, HOST, lambda: NOW))


@asynccontextmanager
async def served(
    hamlet: Hamlet,
    *,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    route: Route | None = None,
    known_route: KnownRoute = lambda _: None,
    receive: Receive | None = None,
    refused: TellRefused | None = None,
    spool: Path | None = None,
    free: Callable[[], int] = lambda: 1 << 60,
    commit_s: Callable[[], float] = lambda: 0.0,
) -> AsyncIterator[tuple[SmtpServer, int]]:
    """Serve on a free port; the server is closed without grace at the end."""
    counter = itertools.count(1)
    server = SmtpServer(
        hostname=HOST,
        limits=limits or Limits(),
        route=route or hamlet.route,
        known_route=known_route,
        tenant_of=hamlet.tenant_of,
        receive=receive or hamlet.receive,
        refused=refused or hamlet.refused,
        tls=tls,
        clock=lambda: NOW,
        entropy=lambda size: next(counter).to_bytes(size, "big"),
        spool=spool or Path(tempfile.gettempdir()),
        free=free,
        commit_s=commit_s,
    )
    port = await server.start("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.close(0)


class Client:
    """One connection; replies are read whole, as lists of lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, *, source: str = "127.0.0.1") -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)))

    @classmethod
    async def greeted(cls, port: int) -> Self:
        client = await cls.connect(port)
        assert (await client.reply())[0].startswith("220")
        return client

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def reply(self, *, timeout_s: float = 5) -> list[str]:
        """Return one reply; empty when the server has closed."""
        lines: list[str] = []
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    line = (await self.reader.readline()).decode("ascii")
                except ConnectionResetError:
                    return lines
                if not line:
                    return lines
                lines.append(line.rstrip("\r\n"))
                if line[3:4] != "-":
                    return lines

    async def say(self, *lines: str) -> str:
        """Send lines together and return the last line of the last reply."""
        await self.send("".join(f"{line}\r\n" for line in lines).encode())
        heard = [await self.reply() for _ in lines]
        return heard[-1][-1] if heard[-1] else ""

    async def deliver(self, body: str = "Subject: x\r\n\r\nx\r\n", *, recipient: str = "agent@ours.example") -> str:
        """Go from EHLO to the answer after the data."""
        await self.say("EHLO client.example", "MAIL FROM:<a@client.example>", f"RCPT TO:<{recipient}>", "DATA")
        await self.send(f"{body}.\r\n".encode())
        return (await self.reply())[-1]

    async def start_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        await self.writer.start_tls(context)

    async def silence(self, seconds: float) -> bool:
        """Nothing comes for so long."""
        try:
            async with asyncio.timeout(seconds):
                return not await self.reader.read(1)
        except TimeoutError:
            return True

    def reset(self) -> None:
        """Vanish: a reset, not a goodbye."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


async def deliver_once(port: int) -> None:
    client = await Client.greeted(port)
    assert (await client.deliver()).startswith("250 2.6.0")
    await client.close()
