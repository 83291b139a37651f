"""An export that stands still."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from gatepost.ids import ExportId
from gatepost.trust.bench import Bench
from gatepost.trust.checks.exports import Export, Exports
from gatepost.upkeep.siem.paper import Destination, Format, Kind, Place, Status


@asynccontextmanager
async def stalled(bench: Bench) -> AsyncIterator[Exports]:
    """A destination that took its last entry yesterday, while ten thousand wait."""
    now = bench.clock()
    destination = Destination(
        id=ExportId("ex_control"),
        kind=Kind.OTLP,
        format=Format.NATIVE,
        is_personal=False,
        wants_ack=False,
        place=Place(url="https://control.invalid", credential="none"),
        created_at=now - timedelta(days=2),
    )
    status = Status(
        destination=destination,
        next_index=1,
        log_size=10_001,
        exported_at=now - timedelta(days=1),
        is_stopped=False,
        reason="",
        alert="",
        failures=3,
        rejected=0,
        letters=0,
    )
    yield Exports((Export(status, now - timedelta(hours=23)),), now)
