"""The tenant's policy above a mailbox's: the narrower can only tighten. Pure.

Both are asked, whatever the other says. The stricter disposition counts (deliver < hold < defer < discard < reject); of
equally strict ones the mailbox's own. What both let in gets the intersection of what they grant and the smaller of each
budget; what both hold waits as the stricter says. Rate limits need no rule here: each policy asks its own, so the lower
one is reached first.
"""

from collections.abc import Collection

from gatepost.decide import capabilities
from gatepost.decide.ending import Ending, Judged
from gatepost.decide.paper import Disposition, Grant, Step
from gatepost.ids import AccountId

TENANT_WIDE = AccountId(0)
"""Stands for the whole tenant where a policy's account is named; no account has this number."""
EVERY_CAPABILITY = "*"
"""In the tenant's policy: whatever the mailbox's grants."""


def both(own: Judged, above: Judged) -> Judged:
    """Return the end that both policies together come to, and both traces, the tenant's first."""
    (ours, our_steps), (theirs, their_steps) = own, above
    trace = (*(Step(f"tenant.{step.check}", step.result) for step in their_steps), *our_steps)
    speaks = theirs if theirs.disposition.strictness > ours.disposition.strictness else ours
    is_held_by_both = ours.disposition is theirs.disposition is Disposition.HOLD
    ending = Ending(
        disposition=speaks.disposition,
        outcome=speaks.outcome,
        reason=speaks.reason,
        detail=speaks.detail,
        grant=_granted_by_both(ours.grant, theirs.grant),
        labels=tuple(dict.fromkeys((*ours.labels, *theirs.labels))),
        windows=tuple(dict.fromkeys((*ours.windows, *theirs.windows))),
        wait=ours.wait.tightened(theirs.wait) if is_held_by_both else speaks.wait,
    )
    return ending, trace


def _granted_by_both(own: Grant | None, above: Grant | None) -> Grant | None:
    if own is None or above is None:
        return None
    return Grant(intersect(own.capabilities, above.capabilities), own.rule_index, own.budget.tightened(above.budget))


def intersect(own: Collection[str], above: Collection[str]) -> tuple[str, ...]:
    """Return what both name, in the mailbox's order."""
    return tuple(own) if EVERY_CAPABILITY in above else capabilities.common(own, above)
