"""How much of a peer's HTTP answer is taken in at once, and how much before its status line.

A parser beneath us reads 64 KiB at a time and does not give the loop back before it has taken them apart: with 2,300
interim answers (RFC 9110 section 15.2), or 10,000 chunks of one octet, that is a good part of a second for whoever
shares the loop, and a peer may go on for as long as its time lasts.
"""

import asyncio
import re
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2
from typing_extensions import override

from gatepost.egress.talk import HEAD_MAX_OCTETS, INTERIM_MAX, PIECE_OCTETS

_END = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)")

Options = Iterable[httpcore2.SOCKET_OPTION] | None


class Heard(httpcore2.AsyncNetworkStream):
    """A connection that hands on one head at a time, then the body in small pieces."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._coming = bytearray()
        self._searched = 0
        self._interim = 0
        self._is_head = True

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        await asyncio.sleep(0)
        if self._is_head:
            return await self._read_head(timeout)
        if self._coming:
            return self._take(PIECE_OCTETS)
        return await self._stream.read(min(max_bytes, PIECE_OCTETS), timeout)

    async def _read_head(self, wait_s: float | None) -> bytes:
        """Return one whole head; at the end of the connection what there is."""
        while (end := _END.search(self._coming, self._searched)) is None:
            self._searched = max(len(self._coming) - 2, 0)
            if len(self._coming) > HEAD_MAX_OCTETS:
                raise httpcore2.RemoteProtocolError("a head without end")
            piece = await self._stream.read(PIECE_OCTETS, wait_s)
            if not piece:
                return self._take(len(self._coming))
            self._coming += piece
        self._is_head = _INTERIM.match(self._coming) is not None
        self._interim += self._is_head
        if self._interim > INTERIM_MAX:
            raise httpcore2.RemoteProtocolError("interim answers without end")
        return self._take(end.end())

    def _take(self, size: int) -> bytes:
        taken = bytes(self._coming[:size])
        del self._coming[:size]
        self._searched = 0
        return taken

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._is_head, self._interim = True, 0  # what comes next answers this
        await self._stream.write(buffer, timeout)

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return Heard(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    @override
    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._coming:
            return True  # it said more than was asked: nothing more is asked of it
        return self._stream.get_extra_info(info)


class _Backend(httpcore2.AnyIOBackend):
    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Options = None,
    ) -> httpcore2.AsyncNetworkStream:
        return Heard(await super().connect_tcp(host, port, timeout, local_address, socket_options))


class Transport(httpx2.AsyncHTTPTransport):
    """Speaks HTTP/1.1, over one connection that is not kept."""

    def __init__(
        self,
        trust: ssl.SSLContext,
        *,
        network: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        super().__init__(verify=trust, trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(  # the one it made cannot be told how to connect
            ssl_context=trust,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=network or _Backend(),
        )
