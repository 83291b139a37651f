"""Posting one event to one receiver."""

import asyncio
from collections.abc import Mapping

import httpx2

from gatepost.act.paper import Answer
from gatepost.egress import Egress, EgressRefusedError

TIMEOUT_S = 30.0
ANSWER_MAX_OCTETS = 65_536
"""How much of an answer is read, to let the receiver finish its sentence; nothing in it is used."""


async def post(url: str, body: bytes, headers: Mapping[str, str], *, ref: str, egress: Egress) -> Answer:
    """Return what the receiver said; raises for nothing the network or the receiver did.

    A redirect is not followed: the one who registered the URL did not name that place.
    """
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            egress.http("webhook", ref, timeout_s=TIMEOUT_S) as http,
            http.stream("POST", url, content=body, headers=dict(headers)) as response,
        ):
            return await _read(response)
    except EgressRefusedError:
        return Answer(0, "egress.refused")
    except TimeoutError:
        return Answer(0, "receiver.too_slow")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError):
        return Answer(0, "receiver.unreachable")


async def _read(response: httpx2.Response) -> Answer:
    reason = "receiver.accepted" if response.is_success else "receiver.refused"
    seen = 0
    try:
        async for chunk in response.aiter_raw():
            seen += len(chunk)
            if seen > ANSWER_MAX_OCTETS:
                break
    except (httpx2.HTTPError, TimeoutError):
        pass  # the status line was the answer
    return Answer(response.status_code, reason)
