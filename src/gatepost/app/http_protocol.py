"""How one HTTP connection is heard: uvicorn's way, with an end to what a stranger may say and how long he may take.

uvicorn waits without end for the head of a request and for its answer to be read, keeps all that comes, and refuses
everybody once a number is connected. So here a head has a size and a time, and whoever keeps us waiting makes room.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gatepost.app.crowd import Crowd
from gatepost.arrive.limits import STINGY_OCTETS

CONNECTIONS_MAX = 1000
"""Served at once; whoever asks on top of them hears 503."""
CROWDED = 900
"""Connected at once: from here on each who comes sends away the one who has kept us waiting longest, of those who share
an address with most others."""
HEAD_MAX_OCTETS = 65_536
"""Of the line and the fields of a request, of its trailer, and of what stands between its chunks."""
PIPELINED_MAX = 16
"""Requests that came while an earlier one was not answered (RFC 9112 section 9.3.2); no browser sends any so."""
HEAD_S = 20.0
"""For a head: from the connection on, or from the first octet after an answer."""

TITLES = {
    "request.malformed": "The request cannot be read",
    "request.too_large": "The request body is too large",
    "request.too_slow": "The request body did not arrive in time",
}
"""As REST's own problems of these codes are called."""


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's; what is no request is answered with a problem as all our answers are, not with a line of text."""

    crowd: Crowd | None = None
    """Who else is connected; None where all come by one proxy, or are it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._awaits_head = True
        self._heard_octets = 0  # since the last that led anywhere
        self._body_octets = 0  # since the client last got far enough not to be called stingy
        self.waiting_since = self.loop.time()
        self._too_late: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > CROWDED:
            self._make_room()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    @override
    def pause_writing(self) -> None:
        self.waiting_since = self.loop.time()
        super().pause_writing()

    @override
    def resume_writing(self) -> None:
        self.waiting_since = self.loop.time()
        super().resume_writing()

    @override
    def data_received(self, data: bytes) -> None:
        if self._awaits_head and self._too_late is None:
            self._expect_head()
        self._heard_octets += len(data)
        super().data_received(data)
        if self._heard_octets > HEAD_MAX_OCTETS and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request.too_large", "The request's head is too large.")

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if self._awaits_head:  # a trailer is no part of the head (RFC 9110 section 6.5.1)
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._awaits_head, self._heard_octets, self._body_octets = False, 0, 0
        self._expect_nothing()
        if len(self.pipeline) >= PIPELINED_MAX:
            self.transport.abort()  # the rest of what came with it finds us here again
            return
        self.waiting_since = self.loop.time()
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._heard_octets = 0
        self._body_octets += len(body)
        if self._body_octets >= STINGY_OCTETS:
            self._body_octets = 0
            self.waiting_since = self.loop.time()
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._awaits_head, self._heard_octets = True, 0
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        self.waiting_since = self.loop.time()
        super().on_response_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, "request.malformed", "The request is not HTTP/1.1.")

    @property
    def is_awaited(self) -> bool:
        """We wait for a request, or for the rest of one."""
        if self.pipeline or self.transport.is_closing():
            return False
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's types leave out that there is none at first
        return cycle is None or cycle.response_complete or (cycle.more_body and not cycle.response_started)

    @property
    def address(self) -> str:
        """Return where the client is; empty where it was gone before we looked."""
        return self.client[0] if self.client else ""

    @property
    def kept_waiting_since(self) -> float | None:
        """Since when we wait for a request, its rest, or an answer to be read; None while the client waits for us."""
        is_unread = self.flow.write_paused or self.transport.is_closing()
        return self.waiting_since if is_unread or self.is_awaited else None

    def _make_room(self) -> None:
        """End a connection: of the addresses with most of them first, and there whoever has kept us waiting longest."""
        waiting = [each for each in self.connections if isinstance(each, HttpProtocol)]
        waiting = [each for each in waiting if each.kept_waiting_since is not None]
        shares = {address: self._share(address) for address in {each.address for each in waiting}}
        longest = min(waiting, key=lambda each: (-shares[each.address], each.waiting_since), default=self)
        longest.transport.abort()

    def _share(self, address: str) -> int:
        return self.crowd.share(address) if self.crowd and address else 0

    def _expect_head(self) -> None:
        self._too_late = self.loop.call_later(HEAD_S, self._head_is_late)

    def _expect_nothing(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None

    def _head_is_late(self) -> None:
        if self.is_awaited:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request.too_slow", "The request's head did not arrive in time.")
        else:  # the next request comes slowly while the last one is answered: its time begins after that
            self._expect_head()

    def _refuse(self, status: HTTPStatus, code: str, detail: str) -> None:
        """Answer what no route ever sees with a problem (RFC 9457), and hang up."""
        body = json.dumps(
            {
                "type": f"/api/problems/{code}",
                "title": TITLES[code],
                "status": status,
                "detail": detail,
                "error": detail,
            },
            separators=(",", ":"),
        ).encode()
        fields = [
            *self.server_state.default_headers,
            (b"Content-Type", b"application/problem+json"),
            (b"Content-Length", b"%d" % len(body)),
            (b"X-Content-Type-Options", b"nosniff"),
            (b"Cache-Control", b"no-store"),
            (b"Connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % field for field in fields)
        self.transport.write(b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, status.phrase.encode(), lines, body))
        self.transport.close()
