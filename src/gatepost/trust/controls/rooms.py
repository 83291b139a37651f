"""Document rooms that must be found out: open to everybody, unmarked, forgetful."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatepost.trust.bench import Bench
from gatepost.trust.checks.confidential import Guarded
from gatepost.trust.controls import server
from gatepost.trust.probe.client import Prober
from gatepost.trust.world import Endpoint

_PAPER, _SECRET = "/control", "5ec4e7"
_LINE_OCTETS = 65_536


@asynccontextmanager
async def _room(bench: Bench, *, is_open: bool, copy: bytes, seen: int) -> AsyncIterator[Guarded]:
    """Serve one paper, to everybody or to who has agreed; each reading counts ``seen`` times in its access log."""
    agreed, views = asyncio.Event(), 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal views
        head = (await reader.readuntil(b"\r\n\r\n"))[:_LINE_OCTETS].decode("latin-1")
        is_shown = is_open or (agreed.is_set() and _SECRET in head)
        views += seen if is_shown else 0
        status, body = ("200 OK", copy) if is_shown else ("403 Forbidden", b"")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()

    async def agree() -> bool:
        agreed.set()
        return True

    async def count(_place: str) -> int:
        return views

    async with server.listening(talk) as port:
        yield Guarded(
            prober=Prober(bench.egress, bench.entropy),
            endpoint=Endpoint(door="control", host=server.HOST, port=port, tls=""),
            papers={_PAPER: True},
            secret=_SECRET,
            agree=agree,
            views=count,
            names_it=lambda text: "for control" in text,
        )


@asynccontextmanager
async def open_room(bench: Bench) -> AsyncIterator[Guarded]:
    """One that hands its paper to everybody."""
    async with _room(bench, is_open=True, copy=b"for control", seen=1) as target:
        yield target


@asynccontextmanager
async def unmarked_copy(bench: Bench) -> AsyncIterator[Guarded]:
    """One whose copies name nobody."""
    async with _room(bench, is_open=False, copy=b"for anybody", seen=1) as target:
        yield target


@asynccontextmanager
async def unlogged_view(bench: Bench) -> AsyncIterator[Guarded]:
    """One that remembers no reader."""
    async with _room(bench, is_open=False, copy=b"for control", seen=0) as target:
        yield target
