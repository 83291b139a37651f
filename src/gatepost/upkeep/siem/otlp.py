"""OpenTelemetry logs over HTTP in JSON: lowerCamelCase, 64-bit integers as strings, hex nowhere needed. Pure."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson

from gatepost.egress import is_success
from gatepost.upkeep.siem.answers import again, read_object
from gatepost.upkeep.siem.paper import Destination, Event, Limits, Verdict

PATH = "/v1/logs"
SEVERITY_INFO = 9
RETRY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""All that may be sent again (OTLP specification, "Failures"); 500 is not among them."""

REJECTED = "otlp.rejected"

_HEAD = (
    b'{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"gatepost"}}]},'
    b'"scopeLogs":[{"scope":{"name":"gatepost.audit"},"logRecords":['
)
_TAIL = b"]}]}]}"


class Otlp:
    """One collector; the credential is the whole value of ``Authorization``, none where it is empty."""

    limits = Limits(events=1000, batch_octets=8_000_000, event_octets=4_000_000)

    def __init__(self, destination: Destination, write: Callable[[Event], Mapping[str, Any]]) -> None:
        place = destination.place
        self._write = write
        self.url = place.url.rstrip("/").removesuffix(PATH) + PATH
        self.headers: Mapping[str, str] = {
            "Content-Type": "application/json",
            **({"Authorization": place.credential} if place.credential else {}),
        }

    def spell(self, event: Event) -> bytes:
        """Return one log record; its body is the entry as JSON text."""
        nanoseconds = str(int(event.at.timestamp() * 1_000_000) * 1000)
        return orjson.dumps(
            {
                "timeUnixNano": nanoseconds,
                "observedTimeUnixNano": nanoseconds,
                "severityNumber": SEVERITY_INFO,
                "severityText": "INFO",
                "eventName": event.leaf["action"],
                "body": {"stringValue": orjson.dumps(self._write(event)).decode()},
                "attributes": [
                    {"key": "leaf_index", "value": {"intValue": str(event.leaf_index)}},
                    {"key": "leaf_hash", "value": {"stringValue": event.leaf_hash}},
                    {"key": "log_origin", "value": {"stringValue": event.log_origin}},
                ],
            }
        )

    def body(self, spelled: Sequence[bytes]) -> bytes:
        """Return the records of one resource and scope."""
        return _HEAD + b",".join(spelled) + _TAIL

    def judge(self, count: int, status: int, answer: bytes) -> Verdict:
        """Judge by the status, and of a success by what it says was rejected."""
        reason = f"otlp.http_{status}"
        if is_success(status):  # what OTLP does not list means what it means in HTTP
            return _taken(count, answer)
        if status in RETRY:
            return again(count, reason)
        # deviation: OTLP, "Failures": after 400 the request must not be sent again, and ours is not. Its halves are
        # other requests, and find the one event to blame, without which all 1,000 would be letters.
        if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}:
            return Verdict(is_split=True, reason=reason)
        return Verdict(stop=reason)


def _taken(count: int, answer: bytes) -> Verdict:
    """Judge what came with a success: what it rejects is not sent again, but counted; it is known where it is all.

    No octets are the answer of a collector that speaks Protobuf only. What is no object is a proxy's page, or was cut
    before it said what was rejected.
    """
    said = read_object(answer)
    if not said and b"".join(answer.split()) not in {b"", b"{}"}:
        return again(count, "otlp.unreadable")
    partial = said.get("partialSuccess")
    rejected = _number(partial.get("rejectedLogRecords")) if isinstance(partial, dict) else 0
    if not rejected:
        return Verdict()
    if rejected >= count:
        return Verdict(dead=dict.fromkeys(range(count), REJECTED), alert=REJECTED)
    return Verdict(rejected=rejected, alert=REJECTED)


def _number(said: object) -> int:
    """Return a 64-bit integer, which JSON spells as a string or a number; 0 for anything else."""
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) <= len(str(2**63)):
        return int(said)
    return said if isinstance(said, int) and said > 0 else 0
