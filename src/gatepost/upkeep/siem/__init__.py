"""The record arrives whole in the tenant's SIEM: destinations, how far each is, and what it would not take."""

from gatepost.upkeep.siem.engine import ALL_REFUSED, Exporter
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
    resume,
)
from gatepost.upkeep.siem.watch import BEHIND_S, STATES, Standing, standings

__all__ = [
    "ALL_REFUSED",
    "BEHIND_S",
    "DESTINATIONS_MAX",
    "STATES",
    "Destination",
    "Exporter",
    "Format",
    "Kind",
    "Letter",
    "Place",
    "PlaceError",
    "Standing",
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
    "resume",
    "standings",
]
