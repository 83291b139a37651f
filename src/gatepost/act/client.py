"""Posting one event to one receiver."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

from gatepost import egress as way
from gatepost.act.paper import Answer
from gatepost.egress import CRUMB_OCTETS, Coming, Egress, EgressRefusedError, Errand, Lines, UnreachableError

TIMEOUT_S = 30.0
ANSWER_MAX_OCTETS = 65_536
ANSWER_MAX_S = 2.0
"""How much of an answer is read, and for how long, to let the receiver finish its sentence: nothing in it is used, and
the status line has said it all."""

_ASKED_MAX_CHARS = 64


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    errand: Errand,
    egress: Egress,
    lines: Lines | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Return what the receiver said; raises for nothing the network or the receiver did.

    A redirect is not followed: the one who registered the URL did not name that place.

    Args:
        url: where to.
        body: the request's.
        headers: the request's.
        errand: why.
        egress: checks and counts.
        lines: where the connection may be kept for the next request.
        timeout_s: until the status line is there.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    code, reason, asked = 0, "", ""
    try:
        async with way.posting(egress, errand, url, body, headers, timeout_s=timeout_s, lines=lines) as coming:
            code, asked = coming.status_code, coming.retry_after
            await _hear_out(coming)
    except EgressRefusedError:
        reason = "egress.refused"
    except TimeoutError:
        reason = "receiver.too_slow"
    except UnreachableError:
        reason = "receiver.unreachable"
    if code:
        is_success = HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES
        reason = "receiver.accepted" if is_success else "receiver.refused"
    return Answer(code, reason, round((loop.time() - began) * 1000), asked[:_ASKED_MAX_CHARS])


async def _hear_out(coming: Coming) -> None:
    """Read an answer to its end, so that the connection can be kept; whoever drags it out is cut off."""
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_MAX_S):
            async for chunk in coming.chunks:
                read += max(len(chunk), CRUMB_OCTETS)
                if read >= ANSWER_MAX_OCTETS:
                    break
