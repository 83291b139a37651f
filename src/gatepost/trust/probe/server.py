"""A listener on loopback that stands for a model's endpoint: it remembers what it was sent, and runs no model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"
WAIT_S = 10.0
REQUEST_OCTETS_MAX = 1_000_000
_REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
"""After it a turn is over, and costs nothing: the request was heard, and that is all that is wanted."""


@dataclass
class Sink:
    """What arrived. ``knocks``: connections, also those that said nothing."""

    port: int = 0
    knocks: int = 0
    heard: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """Listen on a free port."""
    made = Sink()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.knocks += 1
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            async with asyncio.timeout(WAIT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(min(_length(head), REQUEST_OCTETS_MAX))
                made.heard.append(head + body)
                writer.write(_REFUSAL)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, HOST, 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return max(0, int(value))
    return 0
