"""From an entry of the log to an event, and its native spelling. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from gatepost.ids import TenantId
from gatepost.ledger.merkle import leaf_hash
from gatepost.record.export import Published
from gatepost.upkeep.siem import ecs, ocsf
from gatepost.upkeep.siem.paper import Event, Format

Write = Callable[[Event], Mapping[str, Any]]


def event_of(tenant: TenantId, origin: str, entry: Published) -> Event:
    """Return the event of a published entry; its id is the leaf's hash in lowercase hex."""
    leaf = orjson.loads(entry.leaf)
    return Event(
        tenant=tenant,
        leaf_index=entry.leaf_index,
        leaf_hash=leaf_hash(entry.leaf).hex(),
        log_origin=origin,
        at=datetime.fromisoformat(leaf["ts"]),
        text=entry.leaf.decode(),
        leaf=leaf,
        opened=entry.opened,
    )


def native(event: Event) -> dict[str, Any]:
    """Return the marks, the leaf, and what its commitments hide where that is exported at all."""
    return {**event.marks, "leaf": event.leaf, **({"opened": event.opened} if event.opened else {})}


def writer(wanted: Format) -> Write:
    """Return what spells an entry in a format."""
    match wanted:
        case Format.NATIVE:
            return native
        case Format.ECS:
            return ecs.document
        case Format.OCSF:
            return ocsf.event


def searchable(wanted: Format) -> Write:
    """Return what spells an entry as a document of a data stream, which needs ``@timestamp`` in any format."""
    write = writer(wanted)
    if wanted is Format.ECS:
        return write

    def wrapped(event: Event) -> dict[str, Any]:
        return {"@timestamp": event.leaf["ts"], "gatepost": event.marks, wanted.value: write(event)}

    return wrapped
