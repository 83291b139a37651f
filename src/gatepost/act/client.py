"""Posting one event to one receiver."""

from collections.abc import Mapping
from http import HTTPStatus

from gatepost import egress as way
from gatepost.act.paper import Answer
from gatepost.egress import Egress, EgressRefusedError, Errand, UnreachableError

TIMEOUT_S = 30.0
ANSWER_MAX_OCTETS = 65_536
"""How much of an answer is read, to let the receiver finish its sentence; nothing in it is used."""


async def post(url: str, body: bytes, headers: Mapping[str, str], *, errand: Errand, egress: Egress) -> Answer:
    """Return what the receiver said; raises for nothing the network or the receiver did.

    A redirect is not followed: the one who registered the URL did not name that place.
    """
    try:
        answer = await way.post(
            egress, errand, url, body, headers, timeout_s=TIMEOUT_S, answer_max_octets=ANSWER_MAX_OCTETS
        )
    except EgressRefusedError:
        return Answer(0, "egress.refused")
    except TimeoutError:
        return Answer(0, "receiver.too_slow")
    except UnreachableError:
        return Answer(0, "receiver.unreachable")
    is_success = HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES
    return Answer(answer.status_code, "receiver.accepted" if is_success else "receiver.refused")
