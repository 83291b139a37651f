"""How one HTTP connection is heard: uvicorn's way, with an end to what a stranger may say and how long he may take.

uvicorn waits without end for the head of a request, keeps all of it that comes, and refuses everybody once a number
is connected. So here a head has a size and a time, and whoever has brought no whole request makes room first.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

CONNECTIONS_MAX = 1000
"""Served at once; whoever asks on top of them hears 503."""
CROWDED = 900
"""Connected at once: from here on each who comes sends away the one who has kept us waiting longest."""
HEAD_MAX_OCTETS = 65_536
"""Of the line and the fields of a request, of its trailer, and of what stands between its chunks."""
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

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._awaits_head = True
        self._heard_octets = 0  # since the last that led anywhere
        self.waiting_since = self.loop.time()
        self._too_late: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > CROWDED:
            waiting = (each for each in self.connections if isinstance(each, HttpProtocol) and each.is_awaited)
            min(waiting, key=lambda each: each.waiting_since, default=self).transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

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
        self._awaits_head, self._heard_octets = False, 0
        self._expect_nothing()
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._heard_octets = 0
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
