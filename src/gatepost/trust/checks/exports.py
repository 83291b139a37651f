"""How far the tenants' own copies of the record lag, and whether a copy comes whole to whoever refuses first."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson

from gatepost import access
from gatepost.clock import Clock
from gatepost.db import Database
from gatepost.egress import Egress, Purpose
from gatepost.ids import ExportId, TenantId
from gatepost.record import export, log_store
from gatepost.record.paper import Json
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.probe.collector import KINDS, Collector, collecting
from gatepost.trust.probe.server import way_to
from gatepost.trust.world import World
from gatepost.upkeep.siem import Destination, Format, Kind, Place, list_all
from gatepost.upkeep.siem.delivery import Delivery
from gatepost.upkeep.siem.event import event_of
from gatepost.upkeep.siem.paper import Event, Status
from gatepost.upkeep.siem.road import road

LAG_MAX = timedelta(minutes=5)
ROWS = 6
"""How many of the canaries' newest entries are sent to each receiver of our own."""
TURNS_MAX = 12
"""How often what was not taken is tried again; each receiver refuses a few times first."""

Send = Callable[[Egress, Destination, Sequence[Event]], Awaitable[int | None]]
"""Sends events and returns the last place of which the receiver said that it has it; None where it has none."""


@dataclass(frozen=True, slots=True)
class Export:
    """How far a destination is, and from when the first entry is that waits for it; None where none waits."""

    status: Status
    first_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """Every destination of every tenant, and what sends.

    Attributes:
        rows: entries that are nobody's, to be sent to receivers of our own.
        send: what sends them.
        clock: tells now.
    """

    exports: tuple[Export, ...]
    rows: Sequence[Event]
    send: Send
    clock: Clock


async def house_exports(world: World, _arguments: Mapping[str, str]) -> Exports:
    """Return the house's own."""
    house = world.house
    if world.canary is None:
        raise CannotVerifyError("canary.missing")
    found: list[Export] = []
    for tenant in await access.list_tenants(house.db):
        async with house.db.transaction(tenant.id) as tx:
            for status in await list_all(tx):
                leaves = await log_store.leaves(tx, status.next_index, status.next_index + 1) if status.lag else []
                found.append(Export(status, datetime.fromisoformat(orjson.loads(leaves[0])["ts"]) if leaves else None))
    rows = await _newest(house.db, world.canary.tenant)
    return Exports(exports=tuple(found), rows=rows, send=send, clock=house.clock)


async def _newest(db: Database, tenant: TenantId) -> list[Event]:
    async with db.transaction(tenant) as tx:
        head = await export.head(tx)
        entries = [] if head is None else await export.published(tx, max(0, head.size - ROWS), head.size, opened=False)
    if head is None or len(entries) < ROWS:
        raise CannotVerifyError("log.too_short")
    return [event_of(tenant, head.origin, each) for each in entries]


async def send(egress: Egress, to: Destination, rows: Sequence[Event]) -> int | None:
    """Send as the exporter does, turn by turn; only its waiting is left out."""
    left = list(rows)
    for _ in range(TURNS_MAX):
        delivery = Delivery(road(egress, left[0].tenant, to), _at_once, lambda: 0.0, is_patient=True)
        await delivery.send(left)
        outcome = await delivery.finish()
        if outcome.stop or outcome.dead:
            break
        left = [each for each in left if each.leaf_index >= outcome.reached]
        if not left:
            break
    done = rows[: len(rows) - len(left)]
    return done[-1].leaf_index if done else None


async def _at_once(_seconds: float) -> None:
    """Wait for nothing: receivers of our own do not tire."""


async def flowing(target: Exports) -> Finding:
    """See that no destination has stopped or stands still while entries wait, and that what is refused comes whole.

    The newest entries of the canaries are sent to a receiver of each kind, which is busy (503), throttles (429), takes
    a part or confirms late, and only then takes all: it must have each entry once, and we know how far it has them.
    Of customers' own logs no place is told, for it says how much mail they get.
    """
    for each in target.exports:
        status = each.status
        if status.is_stopped:
            return failed("export.stopped")
        moved_at = status.exported_at or status.destination.created_at
        if each.first_at is not None and target.clock() - max(moved_at, each.first_at) > LAG_MAX:
            return failed("export.lags", status.lag, "entries")
    through: dict[str, Json] = {}
    for kind in KINDS:
        fault, acknowledged = await _play(target, kind)
        if fault:
            return failed(fault, kind.value)
        through[kind.value] = acknowledged
    value: dict[str, Json] = {
        "destinations": len(target.exports),
        "lag": max((each.status.lag for each in target.exports), default=0),
        "not_taken": sum(each.status.letters for each in target.exports),
        "canaries_acknowledged_through": through,
    }
    return passed(value)


async def _play(target: Exports, kind: Kind) -> tuple[str, int | None]:
    """Return what is wrong with the canaries' entries at a receiver, empty for nothing; and how far they are."""
    wanted = [each.leaf_index for each in target.rows]
    async with collecting(kind) as receiver:
        egress = way_to(Purpose.EXPORT, urlsplit(receiver.url).port or 0, target.clock)
        acknowledged = await target.send(egress, _destination(receiver, target.clock()), target.rows)
    came = Counter(receiver.kept)
    if any(came[each] == 0 for each in wanted):
        return "export.lost", acknowledged
    if any(count > 1 for count in came.values()):
        return "export.doubled", acknowledged
    return ("" if acknowledged == wanted[-1] else "export.not_acknowledged"), acknowledged


def _destination(receiver: Collector, now: datetime) -> Destination:
    return Destination(
        id=ExportId("ex_canary"),
        kind=receiver.kind,
        format=Format.NATIVE,
        is_personal=False,
        wants_ack=receiver.kind is Kind.SPLUNK,
        place=Place(url=receiver.url + "/api/v2/logs" * (receiver.kind is Kind.DATADOG), credential="canary:none"),
        created_at=now,
    )
