"""A destination made ready: how an event is spelled, how much fits into a request, and the way there."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatepost.egress import Egress, Errand, Purpose
from gatepost.ids import TenantId
from gatepost.upkeep.siem import syslog
from gatepost.upkeep.siem.client import HttpWay, SplunkWay, SyslogWay
from gatepost.upkeep.siem.datadog import Datadog
from gatepost.upkeep.siem.elastic import Elastic
from gatepost.upkeep.siem.event import searchable, writer
from gatepost.upkeep.siem.otlp import Otlp
from gatepost.upkeep.siem.paper import Confirmed, Destination, Dialect, Event, Kind, Limits, Verdict
from gatepost.upkeep.siem.splunk import Splunk

Confirm = Callable[[Sequence[int]], Awaitable[Confirmed]]
"""From the numbers of batches to what is said of them by now."""


class Way(Protocol):
    """Sends a batch and says what became of it."""

    async def send(self, batch: Sequence[bytes], /) -> Verdict:
        """Return what became of it."""


@dataclass(frozen=True, slots=True)
class Road:
    """A destination made ready. ``confirm``: asks later, where a receiver numbers what it takes."""

    spell: Callable[[Event], bytes]
    limits: Limits
    way: Way
    confirm: Confirm | None = None


def stream_of(tenant: TenantId) -> str:
    """Return the data stream a tenant's entries go to."""
    return f"logs-gatepost.audit-{tenant.lower()}"


def road(egress: Egress, tenant: TenantId, to: Destination, *, is_test: bool = False) -> Road:
    """Make a destination ready, for the log or for a test beside it.

    Raises:
        ValueError: its place cannot be used.
    """
    errand = Errand(Purpose.EXPORT, to.id, tenant)
    write = searchable(to.format) if to.kind is Kind.ELASTIC else writer(to.format)
    dialect: Dialect
    match to.kind:
        case Kind.SYSLOG:
            way = SyslogWay(egress, errand, to.place.url, to.place.ca)
            return Road(lambda event: syslog.message(event, write), syslog.LIMITS, way)
        case Kind.SPLUNK:
            splunk = Splunk(to, write, is_test=is_test)
            collector = SplunkWay(egress, errand, splunk, to.place.ca)
            return Road(splunk.spell, splunk.limits, collector, collector.indexed)
        case Kind.DATADOG:
            dialect = Datadog(to, write)
        case Kind.ELASTIC:
            dialect = Elastic(to, write, stream_of(tenant))
        case Kind.OTLP:
            dialect = Otlp(to, write)
    return Road(dialect.spell, dialect.limits, HttpWay(egress, errand, dialect, to.place.ca))
