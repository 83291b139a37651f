"""Judging several messages in one transaction, each as if those before it had been counted already. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import Struct, field

from gatepost.arrive.paper import Arrived, Direction
from gatepost.decide.crowd import Whose, whose
from gatepost.decide.language import Policy
from gatepost.decide.paper import NOT_ASKED, Counted, Decided, Disposition, Facts, Findings, Mark, Waiting
from gatepost.decide.rules import settle
from gatepost.ids import AccountId
from gatepost.mail.address import Address
from gatepost.verify.paper import Verified

HOUR = timedelta(seconds=3_600)
DAY = timedelta(seconds=86_400)

Window = tuple[AccountId, str]
"""Whose messages are counted together, to one account: one author's, or those a rule's rate limit counts together."""


class Recalled(Struct, frozen=True, gc=False):
    """What the decision about one message needs to know.

    Attributes:
        is_counted: a rule has limits or asks for the past, so the facts count.
        above: the tenant's policy.
        waiting: how much waits for a person already, of those of whom that was counted.
        findings: what guards answered already, of a message whose text is large.
    """

    policy: Policy | None
    facts: Facts
    is_counted: bool = False
    above: Policy | None = None
    waiting: Mapping[Whose, Waiting] = field(default_factory=dict)
    findings: Findings = NOT_ASKED


def counts(decided: Decided) -> bool:
    """Tell whether a message counts anywhere: not so what no rule let in.

    What waits counts like what was let in, or a limit would be none where a rule holds; but only where its author is
    proven, or whoever forges a name could fill that author's windows with what nobody ever reads.
    """
    decision, arrived = decided.decision, decided.verified.arrived
    if decision.grant is None or decided.verified.evidence.author is None:
        return False
    is_waiting = decision.disposition is Disposition.HOLD and decision.is_author_proven
    is_counted = decision.disposition is Disposition.DELIVER or is_waiting
    return is_counted and arrived.direction is not Direction.OUTBOUND and not arrived.is_postmaster


def windows_of(decided: Decided) -> tuple[Window, ...]:
    """Return where a message counts, its author's own window first; nothing where it does not (``counts``)."""
    author = decided.verified.evidence.author
    if author is None or not counts(decided):
        return ()
    account = decided.arrived.account
    return (account, author.key), *[(account, window) for window in decided.decision.windows]


def settle_all(verified: Sequence[Verified], recalled: Sequence[Recalled]) -> list[Decided]:
    """Decide about messages in the order given; pure and total.

    The facts were counted before any of them was delivered or held. So what an author's earlier messages here add to
    its windows is added for the later ones, where any asks for it.
    """
    asks = any(known.is_counted or known.facts.is_first_time is not None for known in recalled)
    counted: dict[Window, list[datetime]] = defaultdict(list)
    marks: set[tuple[AccountId, Mark]] = set()
    waiting: list[Whose] = []
    decided = []
    for one, known in zip(verified, recalled, strict=True):
        facts = known.facts
        if known.is_counted and (author := one.evidence.author):
            facts = _with_more(facts, counted, one.arrived, author)
        facts = _with_past(facts, one, marks)
        decision = settle(one, known.policy, facts, above=known.above, findings=known.findings)
        if decision.decision.disposition is Disposition.HOLD and (fellows := known.waiting.get(whose(decision))):
            crowd = _with_waiting(fellows, whose(decision), waiting)
            facts = replace(decision.facts, waiting=crowd)
            decision = settle(one, known.policy, facts, above=known.above, findings=known.findings)
        disposition = decision.decision.disposition
        if disposition is Disposition.HOLD:
            waiting.append(whose(decision))
        if asks and (windows := windows_of(decision)):
            for window in windows:
                counted[window].append(decision.at)
            if disposition is Disposition.DELIVER:
                marks.add((one.arrived.account, Mark.of(one)))
        decided.append(decision)
    return decided


def _with_waiting(fellows: Waiting, asked: Whose, more: Sequence[Whose]) -> Waiting:
    """Add what is to wait since ``fellows`` were counted."""
    here = [each for each in more if each.account == asked.account]
    return Waiting(
        fellows.author + sum(each.author == asked.author != "" for each in here),
        fellows.domain + sum(each.domain == asked.domain for each in here),
        fellows.mailbox + len(here),
    )


def _with_past(facts: Facts, one: Verified, marks: Collection[tuple[AccountId, Mark]]) -> Facts:
    """Add what an earlier message here changes: its author is known by now, and it may be the same message."""
    if facts.is_first_time is None or one.evidence.author is None:
        return facts
    account, author = one.arrived.account, one.evidence.author.key
    return replace(
        facts,
        is_first_time=facts.is_first_time and not any((of, mark.author) == (account, author) for of, mark in marks),
        is_replayed=facts.is_replayed or (account, Mark.of(one)) in marks,
    )


def _with_more(facts: Facts, counted: Mapping[Window, Sequence[datetime]], arrived: Arrived, author: Address) -> Facts:
    """Count further messages in windows that slide as those of the database do."""
    account, at = arrived.account, arrived.received_at
    own = _more(Counted(facts.messages_hour, facts.messages_day), counted.get((account, author.key), ()), at)
    others = {name: _more(count, counted.get((account, name), ()), at) for name, count in facts.windows.items()}
    return replace(facts, messages_hour=own.hour, messages_day=own.day, windows=others)


def _more(counted: Counted, delivered: Sequence[datetime], asked_at: datetime) -> Counted:
    return Counted(
        counted.hour + sum(at > asked_at - HOUR for at in delivered),
        counted.day + sum(at > asked_at - DAY for at in delivered),
    )
