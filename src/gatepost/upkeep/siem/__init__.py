"""The record arrives whole in the tenant's SIEM: destinations, how far each is, and what it would not take."""

from gatepost.upkeep.siem.engine import Exporter
from gatepost.upkeep.siem.paper import Destination, Format, Kind, Letter, Place, Status
from gatepost.upkeep.siem.registry import (
    DESTINATIONS_MAX,
    PlaceError,
    Wanted,
    add,
    change,
    find,
    letters,
    list_all,
    probe,
    remove,
    replay,
)

__all__ = [
    "DESTINATIONS_MAX",
    "Destination",
    "Exporter",
    "Format",
    "Kind",
    "Letter",
    "Place",
    "PlaceError",
    "Status",
    "Wanted",
    "add",
    "change",
    "find",
    "letters",
    "list_all",
    "probe",
    "remove",
    "replay",
]
