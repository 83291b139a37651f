"""One call of a model, or of an HTTP tool, over the one way out."""

from base64 import b64encode
from http import HTTPStatus

import orjson

from gatepost import egress as way
from gatepost.act.hosted.calendars import Calendar
from gatepost.act.hosted.http_tools import HttpTool
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.messages import VERSION, Answer, ModelFaultError
from gatepost.act.hosted.paper import Call, Result, Said
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, UnreachableError, is_success
from gatepost.record.paper import Json

CALL_MAX_S = 300.0
"""For a whole answer; the longest honest ones take some two minutes."""

TOOL_ANSWER_MAX_OCTETS = 32_768
"""How much of a tool's answer a model is shown."""

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
    answer, has_begun = Answer(), False
    try:
        async with way.posting(
            egress, errand, f"{url.rstrip('/')}/v1/messages", body, headers, timeout_s=timeout_s
        ) as coming:
            if coming.status_code != HTTPStatus.OK:
                raise ModelFaultError(_reason(coming.status_code), is_asked=False, retry_after=coming.retry_after)
            has_begun = True  # whether it counts anything or not
            async for chunk in coming.chunks:
                answer.feed(chunk)
                if answer.is_over:
                    break
    except EgressRefusedError as error:
        raise ModelFaultError("model.egress_refused", is_asked=False) from error
    except TimeoutError as error:
        raise ModelFaultError("model.too_slow", is_asked=True) from error
    except UnreachableError as error:
        raise ModelFaultError("model.unreachable", is_asked=has_begun) from error
    return answer.said()


def _reason(status: int) -> str:
    if status in _DENIED:
        return "model.key_refused"
    if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "model.unavailable"
    return "model.request_refused"


async def call_tool(egress: Egress, tool: HttpTool, call: Call, *, token: str) -> Result:
    """Post the arguments to a tool; return what it said, or why it said nothing. Redirects are not followed.

    Args:
        egress: checks and counts.
        tool: as the operator declared it.
        call: its key goes along as ``Idempotency-Key``.
        token: proves who calls; empty for none.
    """
    headers = {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "idempotency-key": call.key,
        "user-agent": "Gatepost",
    }
    if token:
        headers["authorization"] = f"Bearer {token}"
    try:
        answer = await way.post(
            egress,
            Errand(Purpose.TOOL, call.turn.agent, call.turn.tenant),
            tool.url,
            orjson.dumps(dict(call.arguments)),
            headers,
            timeout_s=tool.timeout_s,
            answer_max_octets=TOOL_ANSWER_MAX_OCTETS + 1,
        )
    except EgressRefusedError:
        return Result(value={"reason": "tool.egress_refused"}, is_error=True)
    except TimeoutError:
        return Result(value={"reason": "tool.too_slow"}, is_error=True)
    except UnreachableError:
        return Result(value={"reason": "tool.unreachable"}, is_error=True)
    is_done = is_success(answer.status_code)
    return Result(
        value={"status": answer.status_code, "answer": _readable(answer.body)},
        label=Label[tool.answers.upper()] if is_done else Label.ANYBODY,
        is_error=not is_done,
    )


CALENDAR_ANSWER_MAX_OCTETS = 1_048_576
CALENDAR_MAX_S = 20.0


async def reach_calendar(
    egress: Egress, calendar: Calendar, call: Call, method: str, path: str, body: bytes, *, password: str
) -> tuple[int, bytes]:
    """Send one CalDAV request; return status and answer, or status 0 where none came. Nothing is overwritten."""
    headers = {"user-agent": "Gatepost", "accept-encoding": "identity"}
    if method == "PUT":
        headers |= {"content-type": "text/calendar; charset=utf-8", "if-none-match": "*"}
    else:
        headers |= {"content-type": "application/xml; charset=utf-8", "depth": "1"}
    if calendar.user:
        headers["authorization"] = "Basic " + b64encode(f"{calendar.user}:{password}".encode()).decode()
    try:
        answer = await way.post(
            egress,
            Errand(Purpose.TOOL, call.turn.agent, call.turn.tenant),
            f"{calendar.url.rstrip('/')}/{path}",
            body,
            headers,
            timeout_s=CALENDAR_MAX_S,
            answer_max_octets=CALENDAR_ANSWER_MAX_OCTETS,
            method=method,
        )
    except (EgressRefusedError, TimeoutError, UnreachableError):
        return 0, b""
    return answer.status_code, answer.body


def _readable(body: bytes) -> Json:
    """Return JSON as such where it can be kept as such, and anything else as text, cut."""
    if len(body) <= TOOL_ANSWER_MAX_OCTETS:
        try:
            value: Json = orjson.loads(body)
            orjson.dumps({"result": {"answer": [value]}})  # it writes less deep than it reads
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            pass
        else:
            return value
    return body[:TOOL_ANSWER_MAX_OCTETS].decode("utf-8", "replace")
