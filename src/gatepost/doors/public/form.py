"""What a plain HTML form sends: few fields, short, of the last one of each name alone; and how often one caller may.

Behind a proxy all visitors share the proxy's address, so none of them is counted by it. What the house takes from all
visitors together is counted where it is kept, in the database.
"""

from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gatepost.clock import Clock
from gatepost.doors.limit import Limiter, Rate

FORM_MAX_OCTETS = 8_192
FIELDS_MAX = 16
RATE = Rate(per_second=1 / 300, burst=6)
"""What one address may send to one form: six at once, then one in five minutes."""
IPV6_PREFIX = 64


class Turnstile:
    """Lets each address send a form so often, whatever the others do."""

    def __init__(self, clock: Clock, rate: Rate = RATE) -> None:
        self._clock, self._limiter = clock, Limiter(rate)

    def take(self, request: Request) -> int:
        """Count one form of the caller's; return 0, or how many whole seconds they have to wait."""
        if request.client is None:  # one of many, by a proxy
            return 0
        return self._limiter.take(_caller(request), self._clock())


def _caller(request: Request) -> str:
    """Return whose form it is: the address, of IPv6 the network, of which one visitor has all addresses."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((int(address), IPV6_PREFIX), strict=False))
    return host


def again(wait_s: int) -> str:
    """Say when to come back, after so many seconds."""
    minutes = -(-wait_s // 60)
    return f"Come back in {'a minute' if minutes == 1 else f'{minutes} minutes'}."


class Proxied:
    """Takes the address off each request that a proxy handed on: it is no visitor's."""

    def __init__(self, app: ASGIApp, is_proxy: Callable[[str], bool]) -> None:
        self._app, self._is_proxy = app, is_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand it on."""
        client = scope.get("client")
        if client and self._is_proxy(client[0]):
            scope = {**scope, "client": None}
        await self._app(scope, receive, send)


async def read_form(request: Request) -> dict[str, list[str]]:
    """Return the values of each field.

    Raises:
        HTTPException: it is longer than ours can be (413), or no form (400).
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_MAX_OCTETS:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=FIELDS_MAX, errors="replace")
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None


def one(form: dict[str, list[str]], name: str, max_chars: int = 2_048) -> str:
    """Return a field's value without blanks around it, cut; empty where there is none."""
    return form.get(name, [""])[-1].strip()[:max_chars]
