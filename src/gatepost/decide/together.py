"""Judging several messages in one transaction, each as if those before it had been counted already. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatepost.arrive.paper import Direction
from gatepost.decide.language import Policy
from gatepost.decide.paper import Decided, Disposition, Facts, Ruling
from gatepost.decide.rules import settle
from gatepost.ids import AccountId
from gatepost.verify.paper import Verified

HOUR = timedelta(seconds=3_600)
DAY = timedelta(seconds=86_400)

Window = tuple[AccountId, str]
"""Whose messages are counted together: one author's, to one account."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the decision about one message needs to know; ``is_counted``: its rule has limits, so the facts count."""

    policy: Policy | None
    facts: Facts
    is_counted: bool = False


def window_of(decided: Decided) -> Window | None:
    """Return where a message counts; None for what no rule let in, which counts nowhere."""
    arrived, author = decided.arrived, decided.verified.evidence.author
    is_let_in = arrived.direction is Direction.INBOUND and decided.decision.disposition is Disposition.DELIVER
    if not is_let_in or arrived.is_postmaster or decided.decision.grant is None or author is None:
        return None
    return arrived.account, author.key


def settle_all(verified: Sequence[Verified], recalled: Sequence[Recalled]) -> list[Decided]:
    """Decide about messages in the order given; pure and total.

    The facts were counted before any of them was delivered. So what an author's earlier messages here add to its
    windows is added for the later ones.
    """
    let_in: dict[Window, list[datetime]] = defaultdict(list)
    decided = []
    for one, known in zip(verified, recalled, strict=True):
        facts = known.facts
        if known.is_counted and (author := one.evidence.author):
            facts = _with_more(facts, let_in[one.arrived.account, author.key], one.arrived.received_at)
        decision = settle(one, known.policy, facts)
        if window := window_of(decision):
            let_in[window].append(one.arrived.received_at)
        decided.append(decision)
    return decided


def with_ruling(recalled: Recalled, ruling: Ruling) -> Recalled:
    """Return what is known, and what was said of a message that was held before."""
    return replace(recalled, facts=replace(recalled.facts, ruling=ruling))


def _with_more(facts: Facts, delivered: Sequence[datetime], asked_at: datetime) -> Facts:
    """Count further deliveries in windows that slide as those of the database do."""
    return replace(
        facts,
        messages_hour=facts.messages_hour + sum(at > asked_at - HOUR for at in delivered),
        messages_day=facts.messages_day + sum(at > asked_at - DAY for at in delivered),
    )
