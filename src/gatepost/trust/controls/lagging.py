"""Exports that stand still, lose, or double."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from gatepost.egress import Egress
from gatepost.ids import ExportId, LeafIndex, TenantId
from gatepost.trust.bench import Bench
from gatepost.trust.checks.exports import Export, Exports, Send
from gatepost.upkeep.siem import Destination, Format, Kind, Place
from gatepost.upkeep.siem.paper import Event, Status
from gatepost.upkeep.siem.road import road

_TENANT = TenantId("tn_control")


def _rows(bench: Bench) -> list[Event]:
    return [
        Event(
            tenant=_TENANT,
            leaf_index=LeafIndex(at),
            leaf_hash=f"{at:064x}",
            log_origin="control.invalid/log",
            at=bench.clock(),
            text="{}",
            leaf={"action": "control.made", "ts": bench.clock().isoformat()},
        )
        for at in range(4)
    ]


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
    yield _sending(bench, _trusting, Export(status, now - timedelta(hours=23)))


@asynccontextmanager
async def losing(bench: Bench) -> AsyncIterator[Exports]:
    """An exporter that takes whatever it hears for a yes."""
    yield _sending(bench, _trusting)


@asynccontextmanager
async def doubling(bench: Bench) -> AsyncIterator[Exports]:
    """An exporter that goes on sending when it has been told that all is there."""
    yield _sending(bench, _insisting)


def _sending(bench: Bench, send: Send, *exports: Export) -> Exports:
    return Exports(exports=exports, rows=_rows(bench), send=send, clock=bench.clock)


async def _trusting(egress: Egress, to: Destination, rows: Sequence[Event]) -> int | None:
    ready = road(egress, _TENANT, to)
    await ready.way.send([ready.spell(each) for each in rows])
    return rows[-1].leaf_index


async def _insisting(egress: Egress, to: Destination, rows: Sequence[Event]) -> int | None:
    ready = road(egress, _TENANT, to)
    for _ in range(5):
        verdict = await ready.way.send([ready.spell(each) for each in rows])
        for _ in range(2):
            if ready.confirm is not None and verdict.ack is not None:
                await ready.confirm([verdict.ack])
    return rows[-1].leaf_index
