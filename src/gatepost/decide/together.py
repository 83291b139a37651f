"""Judging several messages in one transaction, each as if those before it had been counted already. Pure."""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatepost.arrive.paper import Arrived, Direction
from gatepost.decide.language import Policy
from gatepost.decide.paper import Counted, Decided, Disposition, Facts, Mark
from gatepost.decide.rules import settle
from gatepost.ids import AccountId
from gatepost.mail.address import Address
from gatepost.verify.paper import Verified

HOUR = timedelta(seconds=3_600)
DAY = timedelta(seconds=86_400)

Window = tuple[AccountId, str]
"""Whose messages are counted together, to one account: one author's, or those a rule's rate limit counts together."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the decision about one message needs to know.

    Attributes:
        is_counted: a rule has limits or asks for the past, so the facts count.
        above: the tenant's policy.
    """

    policy: Policy | None
    facts: Facts
    is_counted: bool = False
    above: Policy | None = None


def windows_of(decided: Decided) -> tuple[Window, ...]:
    """Return where a message counts, its author's own window first; nothing for what no rule let in."""
    arrived, author = decided.arrived, decided.verified.evidence.author
    is_let_in = arrived.direction is Direction.INBOUND and decided.decision.disposition is Disposition.DELIVER
    if not is_let_in or arrived.is_postmaster or decided.decision.grant is None or author is None:
        return ()
    return tuple((arrived.account, window) for window in (author.key, *decided.decision.windows))


def settle_all(verified: Sequence[Verified], recalled: Sequence[Recalled]) -> list[Decided]:
    """Decide about messages in the order given; pure and total.

    The facts were counted before any of them was delivered. So what an author's earlier messages here add to its
    windows is added for the later ones.
    """
    let_in: dict[Window, list[datetime]] = defaultdict(list)
    marks: set[tuple[AccountId, Mark]] = set()
    decided = []
    for one, known in zip(verified, recalled, strict=True):
        facts = known.facts
        if known.is_counted and (author := one.evidence.author):
            facts = _with_more(facts, let_in, one.arrived, author)
        decision = settle(one, known.policy, _with_past(facts, one, let_in, marks), above=known.above)
        windows = windows_of(decision)
        for window in windows:
            let_in[window].append(decision.at)
        if windows:
            marks.add((one.arrived.account, Mark.of(one)))
        decided.append(decision)
    return decided


def _with_past(
    facts: Facts, one: Verified, let_in: Container[Window], marks: Container[tuple[AccountId, Mark]]
) -> Facts:
    """Add what an earlier message here changes: its author is known by now, and it may be the same message."""
    if facts.is_first_time is None or one.evidence.author is None:
        return facts
    account = one.arrived.account
    return replace(
        facts,
        is_first_time=facts.is_first_time and (account, one.evidence.author.key) not in let_in,
        is_replayed=facts.is_replayed or (account, Mark.of(one)) in marks,
    )


def _with_more(facts: Facts, let_in: Mapping[Window, Sequence[datetime]], arrived: Arrived, author: Address) -> Facts:
    """Count further deliveries in windows that slide as those of the database do."""
    account, at = arrived.account, arrived.received_at
    own = _more(Counted(facts.messages_hour, facts.messages_day), let_in.get((account, author.key), ()), at)
    others = {name: _more(count, let_in.get((account, name), ()), at) for name, count in facts.windows.items()}
    return replace(facts, messages_hour=own.hour, messages_day=own.day, windows=others)


def _more(counted: Counted, delivered: Sequence[datetime], asked_at: datetime) -> Counted:
    return Counted(
        counted.hour + sum(at > asked_at - HOUR for at in delivered),
        counted.day + sum(at > asked_at - DAY for at in delivered),
    )
