"""Connections kept open between requests to one place, for who has much to say there."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from gatepost.egress.paper import Errand

IDLE_S = 1.5
"""How long a connection is kept for the next request: less than common servers wait before they hang up (gunicorn 2
seconds, Node and uvicorn 5), so that hardly a request meets a connection that is just being closed."""

PLACES_MAX = 256
"""To how many places at once connections are kept; to further ones each request has its own."""

CONNECTIONS_MAX = 64


@dataclass(frozen=True, slots=True)
class Place:
    """One address under one name, on one errand: nobody else's request goes through a connection to it."""

    errand: Errand
    scheme: str
    host: str
    port: int
    address: str
    trust: ssl.SSLContext


class Lines:
    """Keeps connections open. Whoever made it lets ``tidy`` run, and closes it."""

    def __init__(self) -> None:
        self._lines: dict[Place, _Line] = {}

    @asynccontextmanager
    async def line(self, place: Place) -> AsyncIterator[httpx2.AsyncHTTPTransport]:
        """Yield what speaks HTTP over the connections to ``place``, for one request and its answer."""
        line = self._lines.get(place)
        if line is None:
            line = _Line(speaking(place.trust, kept=CONNECTIONS_MAX))
            if len(self._lines) < PLACES_MAX:
                self._lines[place] = line
        line.users += 1
        try:
            yield line.transport
        finally:
            line.users -= 1
            line.used_at = asyncio.get_running_loop().time()
            if not line.users and self._lines.get(place) is not line:
                await line.transport.aclose()

    async def tidy(self) -> None:
        """Hang up where nothing was said for a while, until cancelled."""
        while True:
            await asyncio.sleep(IDLE_S)
            await self._hang_up(used_before=asyncio.get_running_loop().time() - IDLE_S)

    async def close(self) -> None:
        """Hang up everywhere; a request under way ends first."""
        await self._hang_up(used_before=asyncio.get_running_loop().time())
        self._lines.clear()

    async def _hang_up(self, *, used_before: float) -> None:
        for place, line in list(self._lines.items()):
            if not line.users and line.used_at <= used_before:
                del self._lines[place]
                await line.transport.aclose()


@dataclass(slots=True)
class _Line:
    transport: httpx2.AsyncHTTPTransport
    users: int = 0
    used_at: float = 0.0


def speaking(trust: ssl.SSLContext, *, kept: int = 0) -> httpx2.AsyncHTTPTransport:
    """Return what speaks HTTP and keeps up to ``kept`` connections for the next request."""
    from gatepost.egress.hearing import Transport  # noqa: PLC0415  # much to import, for who makes requests

    return Transport(trust, kept=kept, idle_s=IDLE_S if kept else None)
