"""One HTTP/1.1 connection on which requests follow each other, and of whose answers the head alone is used.

A webhook's receiver says all there is to say in its status line. A client for everything costs eight times as much CPU
for it as this one (docs/events.md, Speed): one write a request, and a parser in C that hears the answer out.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import httptools
from typing_extensions import override

from gatepost.egress.paper import UnreachableError

HEAD_MAX_OCTETS = 65_536
"""How much may come before the head of the answer is there, interim answers included."""

ANSWER_MAX_OCTETS = 65_536
"""How much more is heard of an answer, so that its connection can be kept; nothing in it is used."""

INTERIM_MAX = 8
"""Interim answers (RFC 9110 section 15.2) to one request; a server that means well sends one or two."""

PIECE_OCTETS = 4_096
"""How much is taken in before the bounds are looked at again, and the loop gets its turn: a flood of headers, or of
chunks, is many calls for few octets."""


@dataclass(frozen=True, slots=True)
class Status:
    """The head of an answer; ``retry_after``: the field of that name, if any."""

    code: int
    retry_after: str = ""


def request(method: str, target: bytes, host: bytes, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return one request with its body (RFC 9112 section 3).

    Raises:
        ValueError: a header has what no header may.
    """
    lines = [f"{method} ".encode("ascii") + target + b" HTTP/1.1", b"Host: " + host]
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise ValueError("a header has a character that no header may")
        lines.append(f"{name}: {value}".encode("ascii"))
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


class Talk(asyncio.Protocol):
    """One connection; whoever opened it closes it.

    Attributes:
        is_free: nothing is under way, and the other side has said and closed nothing: it can be asked.
        rests_since: since when, by the loop's clock.
        is_reused: what is under way is not its first request.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.is_free = self.is_reused = False
        self.rests_since = loop.time()
        self._transport: asyncio.Transport | None = None
        self._head: asyncio.Future[Status] = loop.create_future()
        self._over: asyncio.Future[None] = loop.create_future()
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)  # as RFC 9112 section 2.2 allows
        self._retry_after = ""
        self._read = self._interim = 0
        self._is_last = False

    async def say(self, octets: bytes) -> Status:
        """Send one request; return its answer's head.

        Raises:
            UnreachableError: it hung up, or what it said is no answer.
        """
        loop = asyncio.get_running_loop()
        self.is_reused, self.is_free = self._over.done(), False
        self._head, self._over = loop.create_future(), loop.create_future()
        self._begin()
        if self._transport is None or self._transport.is_closing():
            raise UnreachableError("it hung up")
        self._transport.write(octets)
        return await self._head

    @property
    def was_left(self) -> bool:
        """Whether it hung up on a kept connection before it said anything, as servers do that tire of waiting."""
        return self.is_reused and self._over.done() and not self._read

    async def hear_out(self, timeout_s: float) -> None:
        """Wait until the answer is over, and no longer than that: after it, ``is_free`` says what the connection is."""
        if not self._over.done():
            await asyncio.wait([self._over], timeout=timeout_s)

    def close(self) -> None:
        """Hang up at once: what was not yet sent is not sent."""
        self.is_free = False
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end("it hung up", is_free=False)

    @override
    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE_OCTETS):
            if self._over.done():  # more than was asked for: nobody is to take it for the next answer
                self.close()
                return
            piece = data[start : start + PIECE_OCTETS]
            self._read += len(piece)
            try:
                self._parser.feed_data(piece)
            except httptools.HttpParserError:  # a status that changes protocols, too: nobody asked for another
                self._end("no answer in HTTP", is_free=False)
            if self._read > HEAD_MAX_OCTETS + (ANSWER_MAX_OCTETS if self._head.done() else 0):
                self._end("an answer without end", is_free=False)

    def on_message_begin(self) -> None:
        """Take in the beginning of a message: one behind the answer is nobody's. The parser calls these four."""
        if self._over.done():
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in one header field."""
        if name.lower() == b"retry-after":
            self._retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Take in the end of a head: an interim answer's, or the answer's."""
        code = self._parser.get_status_code()
        if code < HTTPStatus.OK and code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._interim += 1
            self._retry_after = ""
            if self._interim > INTERIM_MAX:
                raise UnreachableError("interim answers without end")
            return
        self._is_last = True
        if not self._head.done():
            self._head.set_result(Status(code, self._retry_after))

    def on_message_complete(self) -> None:
        """Take in the end of an answer."""
        if self._is_last:
            self._end("", is_free=self._parser.should_keep_alive())

    def _end(self, why: str, *, is_free: bool) -> None:
        """End the answer, or what was to be one."""
        if not self._head.done():
            self._head.set_exception(UnreachableError(why))
            self._head.exception()  # whoever asked may have left
        if not self._over.done():
            self._over.set_result(None)
            self.is_free = is_free
            self.rests_since = asyncio.get_running_loop().time()
        if not is_free:
            self.close()
