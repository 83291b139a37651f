"""What holds for every request, before any route: size and time of the body, headers, the last resort."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from traceback import extract_tb

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatepost.arrive.limits import Household, client_address, household
from gatepost.decide.written import WRITTEN_MAX_OCTETS
from gatepost.doors.rest.problems import Code, Problem, fault, response
from gatepost.meters import Raised

BODY_MAX_OCTETS = WRITTEN_MAX_OCTETS
"""A policy is the largest that is sent here."""
BODY_TIMEOUT_S = 30.0
BODIES_MAX_OCTETS = 32 * BODY_MAX_OCTETS
"""In memory at once, of bodies that are not whole yet; beyond it the one begun first is given up, of the address that
sent most of them."""
SMALL_OCTETS = 65_536
"""Whoever has sent less is given up only where nobody has sent more."""
DROPPED_MAX_OCTETS = 8 * BODY_MAX_OCTETS

log = structlog.get_logger()

_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # most answers are personal; the log's tiles say otherwise themselves
}


@dataclass(slots=True, eq=False)
class _Coming:
    """A body that is not whole yet: from whom, how long it has, and how much of it is here."""

    client: Household
    time_left: asyncio.Timeout
    octets: int = 0


class Edge:
    """Reads the whole body within its limits, dresses the answer, and turns what nobody expected into a bare 500.

    What goes wrong in the midst of an answer cuts it off, and is one line of the log.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_max_octets: int = BODY_MAX_OCTETS,
        bodies_max_octets: int = BODIES_MAX_OCTETS,
        body_timeout_s: float = BODY_TIMEOUT_S,
    ) -> None:
        self._app = app
        self._body_max_octets = body_max_octets
        self._bodies_max_octets = bodies_max_octets
        self._body_timeout_s = body_timeout_s
        self._coming: dict[_Coming, None] = {}  # in the order they began
        self._held_octets = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._serve({**scope, "method": "GET"}, receive, _fields_alone(send))
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            body = await self._read(scope, receive)
            if body is not None:
                await self._app(scope, _replay(body, receive), dressed)
        except Problem as problem:
            await response(problem)(scope, receive, dressed)
        except Exception as error:  # noqa: BLE001  # the last resort
            if status:
                # An answer that was begun is left without its end, and the server closes the connection: whoever reads
                # sees that it is not whole. Starlette wraps what would have been a problem before.
                error = error.__cause__ if isinstance(error.__cause__, Exception) else error
                log.error("rest.cut", error=Raised.by(error), where=_place(error))
            else:
                # The log names the kind and the place only: an exception's text may quote an address or a body.
                log.error("rest.fault", error=Raised.by(error), where=_place(error))
                await response(fault())(scope, receive, dressed)
        log.info("rest.answered", **_about(scope, status))

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body, or None where the caller went away meanwhile.

        Raises:
            Problem: 413, 408, or 415 for a body that is packed.
        """
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        size = int(announced[:20]) if announced.isdigit() else 0
        if size > DROPPED_MAX_OCTETS or (size > self._body_max_octets and b"expect" in headers):
            raise self._too_large()
        body, length = bytearray(), 0
        coming = _Coming(_client(scope), asyncio.timeout(self._body_timeout_s))
        self._coming[coming] = None
        try:
            async with coming.time_left:
                # What is too large is read on and dropped: a caller who still sends when we hang up hears no answer.
                while length <= DROPPED_MAX_OCTETS:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    length += len(message.get("body", b""))
                    if length <= self._body_max_octets:
                        body += message.get("body", b"")
                        self._hold(coming, len(body))
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise Problem(Code.REQUEST_TOO_SLOW, headers={"Connection": "close"}) from None
        finally:
            self._let_go(coming)
        if length > self._body_max_octets:
            raise self._too_large()
        coding = headers.get(b"content-encoding", b"").strip().lower()
        if body and coding not in {b"", b"identity"}:  # RFC 9110 section 8.4; what unpacks has no size of its own
            said = "The body has a Content-Encoding, and is read only as it is."
            raise Problem(Code.MEDIA_UNSUPPORTED, said, headers={"Accept-Encoding": "identity"})
        return bytes(body)

    def _too_large(self) -> Problem:
        detail = f"The request body is larger than {self._body_max_octets} octets."
        return Problem(Code.REQUEST_TOO_LARGE, detail, headers={"Connection": "close"})

    def _hold(self, coming: _Coming, octets: int) -> None:
        """Count what one body takes; where all are too much together, end the time of one of them.

        Raises:
            TimeoutError: it is this one, or was it a moment ago.
        """
        if coming not in self._coming:
            raise TimeoutError
        self._held_octets += octets - coming.octets
        coming.octets = octets
        while self._held_octets > self._bodies_max_octets:
            large = [each for each in self._coming if each.octets > SMALL_OCTETS] or list(self._coming)
            shares = Counter[Household]()
            for each in large:
                shares[each.client] += each.octets
            most = shares.most_common(1)[0][0]
            first = next(each for each in large if each.client == most)
            self._let_go(first)
            if first is coming:
                raise TimeoutError
            if not first.time_left.expired():  # by itself, in this very turn
                first.time_left.reschedule(asyncio.get_running_loop().time())

    def _let_go(self, coming: _Coming) -> None:
        if coming in self._coming:
            del self._coming[coming]
            self._held_octets -= coming.octets


def _client(scope: Scope) -> Household:
    """Return whom a request comes from; one proxy's clients are one."""
    host = str((scope.get("client") or ("",))[0])
    try:
        return household(client_address(host))
    except ValueError:  # no socket of the network's
        return host


def _fields_alone(send: Send) -> Send:
    """Return a ``send`` for HEAD (RFC 9110 section 9.3.2): what GET answers, without its body; a stream is over."""
    is_over = False

    async def pass_on(message: Message) -> None:
        nonlocal is_over
        if message["type"] == "http.response.body":
            message = {"type": message["type"], "body": b"", "more_body": False}
            if is_over:
                return
            is_over = True
        await send(message)

    return pass_on


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body once and then what really follows."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _place(error: Exception) -> str:
    """Return where it was raised, as ``file:line``."""
    frames = extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _about(scope: Scope, status: int) -> dict[str, object]:
    """Return what the access log keeps: the route's template, never the path a stranger wrote."""
    route = getattr(scope.get("route"), "path", "")
    key = scope.get("state", {}).get("key", "")
    return {"method": scope["method"], "route": route, "status": status, "key": key}
