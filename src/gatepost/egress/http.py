"""HTTP outwards: one request, one bounded answer, no redirects, no proxies, certificates checked."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import httpx2
from typing_extensions import override

from gatepost.egress.client import Egress
from gatepost.egress.paper import EgressRefusedError, Errand, UnreachableError

PORT_MAX = 65_535
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back. ``body`` is cut at the size asked for; ``retry_after``: the field of that name, if any."""

    status_code: int
    body: bytes
    retry_after: str = ""


def read_url(url: str) -> httpx2.URL:
    """Return an absolute http or https URL without password, as the client will understand it.

    Raises:
        ValueError: it is none.
    """
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise ValueError("the URL cannot be read") from error
    if parsed.scheme not in PORTS or not parsed.host or parsed.port == 0 or (parsed.port or 1) > PORT_MAX:
        raise ValueError("the URL must be absolute and begin with http:// or https://")
    if parsed.userinfo:
        raise ValueError("the URL must have no password")
    return parsed


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
        TimeoutError: it took too long.
    """
    opened = posting(egress, errand, url, body, headers, timeout_s=timeout_s, trust=trust, method=method)
    async with opened as coming:
        read = bytearray()
        try:
            async for chunk in coming.chunks:
                read += chunk[: answer_max_octets - len(read)]
                if len(read) >= answer_max_octets:
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
    transport = _Transport(egress, errand, trust or trusted(), timeout_s)
    async with asyncio.timeout(timeout_s), transport:
        client = httpx2.AsyncClient(transport=transport, timeout=timeout_s, follow_redirects=False, trust_env=False)
        try:
            async with client, client.stream(method, target, content=body, headers=dict(headers)) as response:
                yield Coming(response.status_code, response.headers.get("Retry-After", ""), response.aiter_raw())
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            raise UnreachableError(type(error).__name__) from error


@asynccontextmanager
async def dialogue(
    egress: Egress,
    errand: Errand,
    headers: Mapping[str, str],
    *,
    timeout_s: float,
    answers_max_octets: int,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client for a library that speaks a protocol of its own over HTTP; each request is checked as by ``post``.

    It sees no redirect, keeps no stream open that it did not ask something on, and is handed at most
    ``answers_max_octets`` in all answers together, as they were sent: what is compressed is refused.

    Raises:
        httpx2.HTTPError: from the client's methods; and what ``post`` raises.
    """
    transport = _Dialogue(egress, errand, trust or trusted(), timeout_s, answers_max_octets)
    sent = {"accept-encoding": "identity", **headers}
    async with httpx2.AsyncClient(
        transport=transport, headers=sent, timeout=timeout_s, follow_redirects=False, trust_env=False
    ) as client:
        yield client


class _Transport(httpx2.AsyncBaseTransport):
    """Hands on with a checked address in place of the name, trying each."""

    def __init__(
        self, egress: Egress, errand: Errand, trust: ssl.SSLContext, timeout_s: float, *, connections: int = 1
    ) -> None:
        self._egress = egress
        self._errand = errand
        self._timeout_s = timeout_s
        self._inner = httpx2.AsyncHTTPTransport(
            verify=trust,
            trust_env=False,
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=0),
        )

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host, port = request.url.host, request.url.port or PORTS[request.url.scheme]
        in_clear = request.url.scheme == "http"
        refusal: EgressRefusedError | None = None
        failure: httpx2.TransportError | None = None
        addresses = await self._egress.addresses(self._errand, host, port)
        connect_s = self._timeout_s / (len(addresses) + 1)  # the last one still has time to answer
        for address in addresses:
            try:
                self._egress.admit(self._errand, host, port, address, in_clear=in_clear)
                return await self._inner.handle_async_request(_to(request, host, address, connect_s))
            except EgressRefusedError as error:
                refusal = error
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:  # nothing was said yet: the next may answer
                failure = error
        raise failure or refusal or httpx2.ConnectError("the name has no address")

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


DIALOGUE_CONNECTIONS = 4
_PULLING = frozenset({"GET", "HEAD"})


class _Dialogue(_Transport):
    """The same for several requests, whose answers are bounded together."""

    def __init__(
        self, egress: Egress, errand: Errand, trust: ssl.SSLContext, timeout_s: float, answers_max_octets: int
    ) -> None:
        super().__init__(egress, errand, trust, timeout_s, connections=DIALOGUE_CONNECTIONS)
        self._octets_left = answers_max_octets

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method in _PULLING:  # a stream for whatever the other side might want to say
            return httpx2.Response(405)
        answer = await super().handle_async_request(request)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx2.DecodingError("the answer is compressed", request=request)
        fields = [(name, value) for name, value in answer.headers.raw if name.lower() != b"location"]
        return httpx2.Response(
            answer.status_code, headers=fields, stream=_Bounded(answer, self._take), extensions=answer.extensions
        )

    def _take(self, octets: int) -> None:
        self._octets_left -= octets
        if self._octets_left < 0:
            raise httpx2.ReadError("the answers are too long")


class _Bounded(httpx2.AsyncByteStream):
    """An answer's body, counted as it comes in."""

    def __init__(self, answer: httpx2.Response, take: Callable[[int], None]) -> None:
        self._answer = answer
        self._take = take

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_raw():
            self._take(len(chunk))
            yield chunk

    @override
    async def aclose(self) -> None:
        await self._answer.aclose()


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
