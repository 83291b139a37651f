"""HTTP outwards: one request, one bounded answer, no redirects, no proxies, certificates checked."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

import httpx2

from gatepost.egress.client import Egress, Place
from gatepost.egress.paper import Errand, UnreachableError, UntrustedError
from gatepost.egress.spelled import is_host

PORT_MAX = 65_535
PORTS = {"http": 80, "https": 443}

CRUMB_OCTETS = 64
"""What each piece of a body counts at least against the bound on it: a chunk of one octet costs as much work."""

ANSWER_LEAST_OCTETS = 65_536
"""However little of an answer is wanted, so much may come in crumbs."""

_DIGITS_MAX = 6  # of the seconds a receiver asks us to wait


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back. ``body`` is cut at the size asked for; ``retry_after``: the field of that name, if any."""

    status_code: int
    body: bytes
    retry_after: str = ""


def seconds_asked(retry_after: str, now: datetime) -> int:
    """Read ``Retry-After``, in seconds or as a date (RFC 9110 section 10.2.3); 0 where it is neither, or is past."""
    if retry_after.isascii() and retry_after.isdigit():
        return int(retry_after[:_DIGITS_MAX])
    try:
        until = parsedate_to_datetime(retry_after)
        wait_s = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
    return int(min(max(wait_s, 0), 10**_DIGITS_MAX - 1))


def read_url(url: str, schemes: Collection[str] = tuple(PORTS)) -> httpx2.URL:
    """Return an absolute URL of http, https or the ``schemes`` without password, as the client will understand it.

    Raises:
        ValueError: it is none.
    """
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise ValueError("the URL cannot be read") from error
    if parsed.scheme not in schemes or not parsed.host or parsed.port == 0 or (parsed.port or 1) > PORT_MAX:
        raise ValueError(f"the URL must be absolute and begin with {' or '.join(f'{each}://' for each in schemes)}")
    if not is_host(parsed.raw_host.decode("ascii")):
        raise ValueError("the URL's host must be a name that DNS allows, or an IP address")
    if parsed.userinfo:
        raise ValueError("the URL must have no password")
    return parsed


def place_of(url: str) -> tuple[str, int]:
    """Return the host and the port a URL leads to; raises ``ValueError`` as ``read_url`` does."""
    target = read_url(url)
    return target.host, target.port or PORTS[target.scheme]


@cache
def trusted() -> ssl.SSLContext:
    """Return what certificates are checked with: the well-known authorities, TLS 1.2 or later."""
    context = httpx2.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def post(
    egress: Egress,
    errand: Errand,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float,
    answer_max_octets: int,
    trust: ssl.SSLContext | None = None,
    method: str = "POST",
) -> HttpAnswer:
    """Send one request and return its answer; a redirect is an answer like any other.

    The connection goes to an address that was checked, under the name that TLS proves: a name whose address changes
    between check and connection gains nothing.

    Args:
        egress: checks and counts.
        errand: why.
        url: where to.
        body: the request's.
        headers: the request's.
        timeout_s: for all of it.
        answer_max_octets: how much of the answer is read.
        trust: checks certificates; None for the well-known authorities.
        method: a protocol on top of HTTP may have others than POST.

    Raises:
        EgressRefusedError: a rule forbids it.
        UnreachableError: no address answered, or not in HTTP.
        UntrustedError: the certificate proves another name, or nothing.
        TimeoutError: it took too long.
    """
    opened = posting(egress, errand, url, body, headers, timeout_s=timeout_s, trust=trust, method=method)
    async with opened as coming:
        read, counted = bytearray(), 0
        try:
            async for chunk in coming.chunks:
                read += chunk[: answer_max_octets - len(read)]
                counted += max(len(chunk), CRUMB_OCTETS)
                if len(read) >= answer_max_octets or counted > max(answer_max_octets, ANSWER_LEAST_OCTETS):
                    break
        except httpx2.HTTPError:
            pass  # the status line was the answer
        return HttpAnswer(coming.status_code, bytes(read), coming.retry_after)


@dataclass(frozen=True, slots=True)
class Coming:
    """An answer whose body is still coming in, as it was sent; whoever reads it sets the bound."""

    status_code: int
    retry_after: str
    chunks: AsyncIterator[bytes]


@asynccontextmanager
async def posting(
    egress: Egress,
    errand: Errand,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float,
    trust: ssl.SSLContext | None = None,
    method: str = "POST",
) -> AsyncIterator[Coming]:
    """Send one request and yield its answer as it comes in; arguments and errors as those of ``post``."""
    try:
        target = read_url(url)
    except ValueError as error:
        raise UnreachableError("the URL cannot be read") from error
    timeouts = httpx2.Timeout(timeout_s).as_dict()
    request = httpx2.Request(method, target, headers=headers, content=body, extensions={"timeout": timeouts})
    request.headers.setdefault("User-Agent", "Gatepost")
    request.headers.setdefault("Accept-Encoding", "identity")  # without it any may come (RFC 9110 section 12.5.3)
    way = Way(egress, errand, trust or trusted(), timeout_s)
    async with asyncio.timeout(timeout_s), AsyncExitStack() as stack:
        try:
            response = await way.send(stack, request)
            stack.push_async_callback(response.aclose)
            yield Coming(response.status_code, response.headers.get("Retry-After", ""), response.aiter_raw())
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            raise _unreachable(error) from error


def _unreachable(error: Exception) -> UnreachableError:
    """Say what failed; that a certificate did stands beneath what the client makes of it."""
    beneath: BaseException | None = error
    while beneath is not None and not isinstance(beneath, ssl.SSLCertVerificationError):
        beneath = beneath.__cause__ or beneath.__context__
    kind = UnreachableError if beneath is None else UntrustedError
    return kind(type(error).__name__)


@dataclass(frozen=True, slots=True)
class Way:
    """Hands on with a checked address in place of the name, trying each."""

    egress: Egress
    errand: Errand
    trust: ssl.SSLContext
    timeout_s: float

    async def send(self, stack: AsyncExitStack, request: httpx2.Request) -> httpx2.Response:
        """Return the answer; its connection is given back when ``stack`` ends."""
        host, port = request.url.host, request.url.port or PORTS[request.url.scheme]
        in_clear = request.url.scheme == "http"

        async def reach(address: str, connect_s: float) -> httpx2.Response:
            self.egress.admit(self.errand, host, port, address, in_clear=in_clear)
            place = Place(self.errand, request.url.scheme, host, port, address, self.trust)
            speaking_to = await stack.enter_async_context(self.egress.transport(place))
            return await speaking_to.handle_async_request(_to(request, host, address, connect_s))

        missed = (httpx2.ConnectError, httpx2.ConnectTimeout)
        return await self.egress.first(self.errand, host, port, reach, timeout_s=self.timeout_s, missed=missed)


def _to(request: httpx2.Request, host: str, address: str, connect_s: float) -> httpx2.Request:
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # Host still names the host
        stream=request.stream,
        extensions={
            **request.extensions,
            "sni_hostname": host,  # and TLS proves that name
            "timeout": {**request.extensions["timeout"], "connect": connect_s},
        },
    )
