"""Listeners on loopback; one stands for a model's endpoint: it remembers what it was sent, and runs no model."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network

from gatepost.clock import Clock
from gatepost.egress import Destination, Egress, Purpose, Register

HOST = "127.0.0.1"
WAIT_S = 10.0
REQUEST_OCTETS_MAX = 1_000_000
_REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
"""After it a turn is over, and costs nothing: the request was heard, and that is all that is wanted."""


Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What is said and heard on one connection."""


def way_to(purpose: Purpose, port: int, clock: Clock) -> Egress:
    """Return a way to one of these listeners, for one purpose, and nowhere else: none of the house's own."""
    row = Destination(purpose=purpose, host=HOST, port=port, networks=(ip_network(HOST),), is_clear=True)
    return Egress(Register([row]), _nobody, clock)


async def _nobody(_host: str) -> list[str]:
    return []


@dataclass
class Sink:
    """What arrived. ``knocks``: connections, also those that said nothing."""

    port: int = 0
    knocks: int = 0
    heard: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def listening(converse: Converse, *, wait_s: float) -> AsyncIterator[int]:
    """Listen on a free port, which is yielded; whoever talks too long or breaks off is hung up on."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            async with asyncio.timeout(wait_s):
                await converse(reader, writer)
        writer.close()

    server = await asyncio.start_server(answer, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def model(read: int, written: int) -> AsyncIterator[Sink]:
    """Answer each request as the Messages API streams: one word, for so many tokens read and written."""
    events: tuple[dict[str, object], ...] = (
        {"type": "message_start", "message": {"usage": {"input_tokens": read, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Noted."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": written}},
        {"type": "message_stop"},
    )
    body = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in events)
    fields = f"Content-Type: text/event-stream\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    async with _hearing(b"HTTP/1.1 200 OK\r\n" + fields.encode() + body) as made:
        yield made


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """Take requests, and refuse each."""
    async with _hearing(_REFUSAL) as made:
        yield made


@asynccontextmanager
async def _hearing(answer: bytes) -> AsyncIterator[Sink]:
    made = Sink()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.knocks += 1
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(min(length_of(head), REQUEST_OCTETS_MAX))
        made.heard.append(head + body)
        writer.write(answer)
        await writer.drain()

    async with listening(converse, wait_s=WAIT_S) as made.port:
        yield made


def length_of(head: bytes) -> int:
    """Return how many octets follow the head of a request; 0 where it does not say."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return max(0, int(value))
    return 0
