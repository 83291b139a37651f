"""Posting one event to one receiver."""

import asyncio
from collections.abc import Mapping
from contextlib import closing, nullcontext

from gatepost.act.paper import Answer
from gatepost.egress import Egress, EgressRefusedError, Errand, Lines, UnreachableError, is_success

TIMEOUT_S = 30.0
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
    code, asked = 0, ""
    try:
        with nullcontext(lines) if lines is not None else closing(Lines()) as open_lines:
            status = await open_lines.tell(egress, errand, url, body, headers, timeout_s=timeout_s)
    except EgressRefusedError:
        reason = "egress.refused"
    except TimeoutError:
        reason = "receiver.too_slow"
    except UnreachableError:
        reason = "receiver.unreachable"
    else:
        code, asked = status.code, status.retry_after
        reason = "receiver.accepted" if is_success(code) else "receiver.refused"
    return Answer(code, reason, round((loop.time() - began) * 1000), asked[:_ASKED_MAX_CHARS])
