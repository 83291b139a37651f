"""How an exhausted budget stands in the record. Pure."""

from datetime import datetime

from gatepost.decide.budget import Exhausted
from gatepost.decide.grants import Grant
from gatepost.decide.paper import Outcome
from gatepost.record.paper import Consequence, Kind


def exhausted(grant: Grant, found: Exhausted, *, wanted: int, actor: str, at: datetime) -> Consequence:
    """Return the entry of a call of a model that no budget was left for.

    Args:
        grant: of the message that was worked on.
        found: which budget, and how far it is spent.
        wanted: the tokens that were to be set aside.
        actor: a key id, or ``house``.
        at: aware time of now.
    """
    return Consequence(
        kind=Kind.USAGE,
        action="budget.exhausted",
        actor=actor,
        at=at,
        account=grant.account,
        email=grant.message,
        object_ref=grant.message,
        public={
            "outcome": Outcome.BUDGET_EXHAUSTED.value,
            "reason": found.reason.value,
            "limit": found.limit,
            "used": found.used,
            "wanted": wanted,
        },
    )
