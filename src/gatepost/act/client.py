"""Posting one event to one receiver."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

from gatepost import egress as way
from gatepost.act.paper import Answer
from gatepost.egress import Egress, EgressRefusedError, Errand, Lines, UnreachableError

TIMEOUT_S = 30.0
ANSWER_MAX_OCTETS = 65_536
"""How much of an answer is read, to let the receiver finish its sentence; nothing in it is used."""

_DIGITS_MAX = 6


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, errand: Errand, egress: Egress, lines: Lines | None = None
) -> Answer:
    """Return what the receiver said; raises for nothing the network or the receiver did.

    A redirect is not followed: the one who registered the URL did not name that place.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    code, reason, asked = 0, "", ""
    try:
        answer = await way.post(
            egress, errand, url, body, headers, timeout_s=TIMEOUT_S, answer_max_octets=ANSWER_MAX_OCTETS, lines=lines
        )
    except EgressRefusedError:
        reason = "egress.refused"
    except TimeoutError:
        reason = "receiver.too_slow"
    except UnreachableError:
        reason = "receiver.unreachable"
    else:
        code, asked = answer.status_code, answer.retry_after
        is_success = HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES
        reason = "receiver.accepted" if is_success else "receiver.refused"
    return Answer(code, reason, round((loop.time() - began) * 1000), _seconds(asked))


def _seconds(retry_after: str) -> int:
    """Read ``Retry-After`` in seconds (RFC 9110 section 10.2.3); the form with a date is not worth a parser."""
    is_number = retry_after.isascii() and retry_after.isdigit()
    return int(retry_after[:_DIGITS_MAX]) if is_number else 0
