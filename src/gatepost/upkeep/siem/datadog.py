"""Datadog's logs intake, version 2: an array of objects, 202 for all of it. Pure.

A log over 1 MB is cut there and still answered with 202, so nothing that large is sent. A time more than 18 hours
past is not honoured: the true one stands in the attribute ``occurred_at``.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson

from gatepost.upkeep.siem.answers import by_status
from gatepost.upkeep.siem.paper import Destination, Event, Limits, Verdict

SITES: Mapping[str, str] = {
    "datadoghq.com": "US",
    "us3.datadoghq.com": "US",
    "us5.datadoghq.com": "US",
    "us2.ddog-gov.com": "US",
    "ddog-gov.com": "US",
    "datadoghq.eu": "EU",
    "uk1.datadoghq.com": "UK",
    "ap1.datadoghq.com": "JP",
    "ap2.datadoghq.com": "AU",
}
"""Where each site keeps what it is sent; only ``datadoghq.eu`` and ``uk1`` fit a promise of EU or UK residency."""

_RESERVED = frozenset({"ddsource", "ddtags", "hostname", "service", "message", "timestamp", "status"})


def intake(site: str) -> str:
    """Return a site's URL."""
    return f"https://http-intake.logs.{site}/api/v2/logs"


class Datadog:
    """One site and key."""

    limits = Limits(events=1000, batch_octets=4_250_000, event_octets=1_000_000)

    def __init__(self, destination: Destination, write: Callable[[Event], Mapping[str, Any]]) -> None:
        self._write = write
        self.url = destination.place.url
        self.headers: Mapping[str, str] = {
            "DD-API-KEY": destination.place.credential,
            "Content-Type": "application/json",
        }

    def spell(self, event: Event) -> bytes:
        """Return the event's attributes beside the reserved ones, of which ``message`` is required."""
        written = {name: value for name, value in self._write(event).items() if name not in _RESERVED}
        return orjson.dumps(
            {
                **written,
                **event.marks,
                "ddsource": "gatepost",
                "ddtags": f"tenant:{event.tenant}",
                "hostname": event.log_origin.partition("/")[0],
                "service": "gatepost",
                "message": f"{event.leaf['action']} {event.leaf_index}",
                "timestamp": int(event.at.timestamp() * 1000),
                "occurred_at": event.leaf["ts"],
            }
        )

    def body(self, spelled: Sequence[bytes]) -> bytes:
        """Return one array."""
        return b"[" + b",".join(spelled) + b"]"

    def judge(self, count: int, status: int, answer: bytes) -> Verdict:
        """Judge by the status: nothing is said of single events, and only 202 says that all were taken."""
        del answer  # error texts may quote what was sent
        if status == HTTPStatus.ACCEPTED:
            return Verdict()
        return by_status(count, status, "datadog")
