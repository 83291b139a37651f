"""Events and destinations for the pure parts."""

from typing import Any

from gatepost.clock import Entropy
from gatepost.decide.paper import Decision
from gatepost.ids import ExportId, LeafIndex
from gatepost.record.entry import consequence_draft, decision_drafts
from gatepost.record.export import Published
from gatepost.record.paper import Kind as EntryKind
from gatepost.upkeep.siem.event import event_of
from gatepost.upkeep.siem.paper import Destination, Event, Format, Kind, Place
from record.papers import NOON, TENANT, consequence, counting, email_id, inbound, outbound

ORIGIN = "log.house.example/t/tn_a"
OPENED = {"sender": "boss@corp.example", "recipient": "agent@house.example", "remote_address": "192.0.2.7"}


def destination(kind: Kind, url: str = "https://siem.example", **place: Any) -> Destination:
    return Destination(
        id=ExportId("ex_a"),
        kind=kind,
        format=Format.NATIVE,
        is_personal=False,
        wants_ack=bool(place.pop("wants_ack", False)),
        place=Place(url=url, credential=place.pop("credential", "secret"), **place),
        created_at=NOON,
    )


def decided(
    *,
    entropy: Entropy | None = None,
    index: int = 5,
    opened: dict[str, Any] | None = None,
    judged: Decision | None = None,
) -> Event:
    (draft,) = decision_drafts(inbound(1, decided=judged), thread=None, entropy=entropy or counting())
    return _event(draft.pieces, index, OPENED if opened is None else opened)


def sent() -> Event:
    """Return an agent's own mail, decided."""
    (draft,) = decision_drafts(outbound(2, answers=email_id(1)), thread=None, entropy=counting())
    return _event(draft.pieces, 7, OPENED)


def acted(kind: EntryKind, action: str, index: int = 6) -> Event:
    draft = consequence_draft(TENANT, consequence(kind, action, object_ref="ob_1"), entropy=counting())
    return _event(draft.pieces, index, {})


def _event(pieces: tuple[bytes, bytes, bytes], index: int, opened: dict[str, Any]) -> Event:
    head, middle, tail = pieces
    leaf = b"%bnull%b%d%b" % (head, middle, index + 1, tail)
    return event_of(TENANT, ORIGIN, Published(LeafIndex(index), leaf, opened))
