"""A client for a library that speaks a protocol of its own over HTTP: each request checked, all answers bounded."""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

import httpx2
from typing_extensions import override

from gatepost.egress.client import Egress
from gatepost.egress.http import Way, trusted
from gatepost.egress.paper import Errand

_PULLING = frozenset({"GET", "HEAD"})


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
    """Yield the client; each of its requests is checked as by ``post``.

    It sees no redirect, pulls no stream for whatever the other side might want to say, and is handed at most
    ``answers_max_octets`` in all answers together, as they were sent: what is compressed is refused.

    Raises:
        httpx2.HTTPError: from the client's methods; and what ``post`` raises.
    """
    transport = _Dialogue(Way(egress, errand, trust or trusted(), timeout_s), answers_max_octets)
    sent = {"accept-encoding": "identity", **headers}
    async with httpx2.AsyncClient(
        transport=transport, headers=sent, timeout=timeout_s, follow_redirects=False, trust_env=False
    ) as client:
        yield client


class _Dialogue(httpx2.AsyncBaseTransport):
    """Each request goes its checked way; the answers are counted together."""

    def __init__(self, way: Way, answers_max_octets: int) -> None:
        self._way = way
        self._octets_left = answers_max_octets

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method in _PULLING:
            return httpx2.Response(HTTPStatus.METHOD_NOT_ALLOWED)
        async with AsyncExitStack() as stack:
            answer = await self._way.send(stack, request)
            stack.push_async_callback(answer.aclose)
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise httpx2.DecodingError("the answer is compressed", request=request)
            fields = [(name, value) for name, value in answer.headers.raw if name.lower() != b"location"]
            body = _Counted(answer, self._take, stack.pop_all())
            return httpx2.Response(answer.status_code, headers=fields, stream=body, extensions=answer.extensions)

    def _take(self, octets: int) -> None:
        self._octets_left -= octets
        if self._octets_left < 0:
            raise httpx2.ReadError("the answers are too long")


class _Counted(httpx2.AsyncByteStream):
    """An answer's body, counted as it comes in; its connection is closed with it."""

    def __init__(self, answer: httpx2.Response, take: Callable[[int], None], stack: AsyncExitStack) -> None:
        self._answer = answer
        self._take = take
        self._stack = stack

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_raw():
            self._take(len(chunk))
            yield chunk

    @override
    async def aclose(self) -> None:
        await self._stack.aclose()
