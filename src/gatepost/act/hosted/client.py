"""One call of a model, over the one way out."""

from http import HTTPStatus

from gatepost import egress as way
from gatepost.act.hosted.messages import VERSION, Answer, ModelFaultError
from gatepost.act.hosted.paper import Said
from gatepost.egress import Egress, EgressRefusedError, Errand, UnreachableError

CALL_MAX_S = 300.0
"""For a whole answer; the longest honest ones take some two minutes."""

_BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN})


async def ask(
    egress: Egress, errand: Errand, url: str, key: str, body: bytes, *, timeout_s: float = CALL_MAX_S
) -> Said:
    """Return what the model said.

    Args:
        egress: checks and counts.
        errand: why.
        url: of the endpoint, without ``/v1/messages``.
        key: proves who pays; empty where the endpoint asks for none.
        body: as ``messages.request`` wrote it.
        timeout_s: for all of it.

    Raises:
        ModelFaultError: no answer, or one that makes no sense.
    """
    headers = {"content-type": "application/json", "anthropic-version": VERSION, "user-agent": "Gatepost"}
    if key:
        headers["x-api-key"] = key
    answer = Answer()
    try:
        async with way.posting(
            egress, errand, f"{url.rstrip('/')}/v1/messages", body, headers, timeout_s=timeout_s
        ) as coming:
            if coming.status_code != HTTPStatus.OK:
                raise ModelFaultError(_reason(coming.status_code), is_asked=False)
            async for chunk in coming.chunks:
                answer.feed(chunk)
                if answer.is_over:
                    break
    except EgressRefusedError as error:
        raise ModelFaultError("model.egress_refused", is_asked=False) from error
    except TimeoutError as error:
        raise ModelFaultError("model.too_slow", is_asked=True) from error
    except UnreachableError as error:
        raise ModelFaultError("model.unreachable", is_asked=bool(answer.usage.total)) from error
    return answer.said()


def _reason(status: int) -> str:
    if status in _DENIED:
        return "model.key_refused"
    if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "model.unavailable"
    return "model.request_refused"
