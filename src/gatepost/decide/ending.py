"""Where a message's way through the gates ends."""

from msgspec import Struct

from gatepost.decide.paper import USUAL_WAIT, Disposition, Grant, Outcome, Step, Wait
from gatepost.decide.reasons import Reason


class Ending(Struct, frozen=True, gc=False):
    """What the last gate said; ``settle`` makes a ``Decision`` of it."""

    disposition: Disposition
    outcome: Outcome
    reason: Reason
    detail: str = ""
    grant: Grant | None = None
    labels: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    wait: Wait = USUAL_WAIT


Judged = tuple[Ending, tuple[Step, ...]]
"""An ending, and the trace that led there."""


def refused(reason: Reason) -> Ending:
    """End what the policy, or the want of one, does not let pass."""
    return Ending(Disposition.REJECT, Outcome.REJECTED_AT_POLICY, reason)


def unproven(reason: Reason) -> Ending:
    """End what the evidence does not prove, and no later attempt will."""
    return Ending(Disposition.REJECT, Outcome.REJECTED_AT_VERIFICATION, reason)
