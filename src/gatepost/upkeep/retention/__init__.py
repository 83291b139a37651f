"""What is forgotten, when, at whose wish, and what is kept in spite of it (docs/adr/0031)."""

from gatepost.upkeep.retention.claims import sweep_claims
from gatepost.upkeep.retention.enrolled import misenrolled, say_unenrolled, unenrolled
from gatepost.upkeep.retention.erase import Erased, erase_person, foresee
from gatepost.upkeep.retention.expire import Expired, destroy_months, expire
from gatepost.upkeep.retention.hold import (
    HoldBusyError,
    HoldError,
    holds,
    is_any_in_force,
    place_hold,
    release_hold,
)
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.limits import Plans
from gatepost.upkeep.retention.paper import Hold, Scope
from gatepost.upkeep.retention.replay import replay
from gatepost.upkeep.retention.roll import Roll, RollError
from gatepost.upkeep.retention.show import Shown, show
from gatepost.upkeep.retention.standing import misheld
from gatepost.upkeep.retention.store import lock

__all__ = [
    "Erased",
    "Expired",
    "Hold",
    "HoldBusyError",
    "HoldError",
    "Keeper",
    "Plans",
    "Roll",
    "RollError",
    "Scope",
    "Shown",
    "destroy_months",
    "erase_person",
    "expire",
    "foresee",
    "holds",
    "is_any_in_force",
    "lock",
    "misenrolled",
    "misheld",
    "place_hold",
    "release_hold",
    "replay",
    "say_unenrolled",
    "show",
    "sweep_claims",
    "unenrolled",
]
