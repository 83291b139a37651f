"""Whether a draft lets in more than the policy in force: proven, refuted by a mail, or undecided. Pure.

*More* is: some mail reaches the agent, or a person's desk, further than it does now (refused < held < delivered), or
with a capability, budget or rate that it does not have now. How a refusal is worded is no part of it.

The proof splits authors into those that the names of both policies tell apart (a finite number), and for each tries
every combination of answers that the conditions can give. It treats conditions as independent, so it may miss a proof
and never finds a false one. A refutation is a mail that both policies have judged: one that comes in, as a fixture, or
one that leaves (``outbound_specimens``), in words. What leaves is proven gate by gate (``outbound_widening``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import islice, product
from typing import Any

from gatepost.decide import capabilities
from gatepost.decide.above import EVERY_CAPABILITY
from gatepost.decide.conditions import Condition
from gatepost.decide.ending import Ending
from gatepost.decide.fixtures import RECEIVED_AT, see_mail
from gatepost.decide.grammar import Assurance
from gatepost.decide.language import Policy, Rule
from gatepost.decide.outbound_specimens import further
from gatepost.decide.outbound_widening import is_further, level, loosened
from gatepost.decide.paper import USUAL_WAIT, Disposition, TokenBudget
from gatepost.decide.rules import judge
from gatepost.decide.specimens import AUTHORS_MAX, mails, representatives

ANSWERS_MAX = 3**7
MAILS_MAX = 4_000


class Verdict(StrEnum):
    """What can be said of a draft."""

    NOT_WIDER = "not wider"
    WIDER = "wider"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Widening:
    """The verdict; ``why`` in a sentence; ``mail`` is a fixture that shows it, where one was found."""

    verdict: Verdict
    why: str
    mail: dict[str, Any] | None = None


def compare(live: Policy | None, draft: Policy) -> Widening:
    """Compare a draft with the policy in force; None where there is none.

    Without one a mailbox refuses all mail; above the mailboxes, whatever comes first can only tighten.
    """
    doubt = _doubt(live, draft)
    if not doubt:
        return Widening(Verdict.NOT_WIDER, "everything it lets in is let in now, with as much")
    mail = _refutation(live, draft)
    if mail is not None:
        return Widening(Verdict.WIDER, "this mail gets further, or is granted more, than now", mail)
    sent = _sent_further(live, draft)
    if sent:
        return Widening(Verdict.WIDER, f"{sent} leaves, or goes further on its way out, than now: {doubt}")
    return Widening(Verdict.UNDECIDED, doubt)


def _sent_further(live: Policy | None, draft: Policy) -> str:
    """Return a message that the draft lets further out; empty where none was found."""
    both = (live.outbound, draft.outbound) if live else None
    if both is None or not loosened(*both, is_tenant_wide=draft.is_tenant_wide):
        return ""
    return further(*both, is_tenant_wide=draft.is_tenant_wide)


def _doubt(live: Policy | None, draft: Policy) -> str:
    """Return what keeps the proof from succeeding; empty: it is proven that the draft is not wider."""
    if live is None and draft.is_tenant_wide:
        return ""
    if live is None:
        is_shut = not any(level(rule.action) for rule in draft.rules) and not draft.outbound and not draft.on_its_own
        return "" if is_shut else "nothing is let in"
    looser = loosened(live.outbound, draft.outbound, is_tenant_wide=draft.is_tenant_wide)
    if looser:
        return looser
    if not _is_own_kept(live, draft):
        return "the agent may do more on its own, and that no mail shows"
    return _authors_doubt(live, draft)


def _authors_doubt(live: Policy, draft: Policy) -> str:
    guards = _guards_doubt(live, draft)
    authors = list(islice(representatives(live, draft), AUTHORS_MAX + 1))
    if len(authors) > AUTHORS_MAX:
        return f"it names more than {AUTHORS_MAX} authors"
    seen: set[tuple[tuple[int, ...], ...]] = set()
    for author in authors:
        ours, theirs = live.rules_for(author), draft.rules_for(author)
        kind = tuple(tuple(rule.index for rule in rules) for rules in (ours, theirs))
        if kind not in seen:
            seen.add(kind)
            doubt = _rules_doubt(ours, theirs, guards)
            if doubt:
                return f"for {author}: {doubt}"
    return ""


def _is_own_kept(live: Policy, draft: Policy) -> bool:
    """Tell whether the agent may do no more on its own; above the mailboxes, silence allows whatever theirs do."""
    ours, theirs = live.on_its_own, draft.on_its_own
    if live.is_tenant_wide:
        return ours is None or (theirs is not None and theirs <= ours)
    return (theirs or frozenset()) <= (ours or frozenset())


def _guards_doubt(live: Policy, draft: Policy) -> str:
    if live.guards and draft.guarded.most_octets > live.guarded.most_octets:
        return "its guards read longer texts"
    for index, guard in enumerate(live.guards):
        most = level(guard.action) if guard.action else 0
        if not any(
            other.pattern.source == guard.pattern.source
            and other.places >= guard.places
            and (level(other.action) if other.action else 0) <= most
            for other in draft.guards
        ):
            return f"contentGuards[{index}] is not there, or milder, or looks at less"
    return ""


def _rules_doubt(ours: list[Rule], theirs: list[Rule], guards: str) -> str:
    atoms = list(dict.fromkeys(atom for rule in (*ours, *theirs) for atom in map(_atom, rule.conditions)))
    ends = sorted({rule.expires_at for rule in (*ours, *theirs) if rule.expires_at is not None})
    if 3 ** len(atoms) * (len(ends) + 1) > ANSWERS_MAX:
        return "its rules have too many conditions to try every answer"
    moments = [(ends[0] if ends else RECEIVED_AT) - timedelta(days=1), *ends]
    for at, given in product(moments, product((True, False, None), repeat=len(atoms))):
        answers = dict(zip(atoms, given, strict=True))

        def speaks(rule: Rule, at: Any = at, answers: dict[Any, bool | None] = answers) -> bool:
            is_open = rule.expires_at is None or at < rule.expires_at
            return is_open and all(_holds(each, rule, answers) for each in rule.conditions)

        ours_speaks = next(filter(speaks, ours), None)
        theirs_speaks = next(filter(speaks, theirs), None)
        doubt = _rule_doubt(ours_speaks, theirs_speaks, guards)
        if doubt:
            return doubt
    return ""


def _atom(condition: Condition) -> tuple[str, str]:
    """Return what is asked; of a yes-or-no condition both answers are one question."""
    return condition.name, "" if isinstance(condition.wanted, bool) else repr(condition.wanted)


def _holds(condition: Condition, rule: Rule, answers: dict[Any, bool | None]) -> bool:
    answer = answers[_atom(condition)]
    if answer is not None and condition.wanted is False:
        answer = not answer
    return answer is True if rule.action is Disposition.DELIVER else answer is not False


def _rule_doubt(ours: Rule | None, theirs: Rule | None, guards: str) -> str:
    """Return why what ``theirs`` lets in may not all be let in, with as much, where ``ours`` speaks."""
    if theirs is None or not level(theirs.action):
        return ""
    here = f"senders[{theirs.index}]"
    if ours is None:
        return f"{here} lets in what no rule speaks for now"
    if guards:
        return guards
    checks = (
        (level(theirs.action) <= level(ours.action), "goes further"),
        (_is_proof_kept(ours, theirs), "asks for less proof, or for another"),
        (
            _is_grant_kept(ours.capabilities, theirs.capabilities, is_tenant_wide=theirs.is_tenant_wide),
            "grants more capabilities",
        ),
        (theirs.budget.tightened(ours.budget) == theirs.budget, "has larger token budgets"),
        (_is_wait_kept(ours, theirs), "lets go, or sooner, what nobody ruled on"),
        (_is_rate_kept(ours, theirs), "has larger rate limits, or counts otherwise"),
    )
    return next((f"{here} {said}, compared with senders[{ours.index}]" for is_so, said in checks if not is_so), "")


def _is_grant_kept(ours: Collection[str], theirs: Collection[str], *, is_tenant_wide: bool) -> bool:
    return (is_tenant_wide and EVERY_CAPABILITY in ours) or all(capabilities.allows(ours, name) for name in theirs)


def _is_wait_kept(ours: Rule, theirs: Rule) -> bool:
    is_held = ours.action is theirs.action is Disposition.HOLD
    return not (is_held and (theirs.wait or USUAL_WAIT).lets_go_before(ours.wait or USUAL_WAIT))


def _is_rate_kept(ours: Rule, theirs: Rule) -> bool:
    pairs = ((ours.messages_hour, theirs.messages_hour), (ours.messages_day, theirs.messages_day))
    if all(mine is None for mine, _ in pairs):
        return True
    is_same_window = ours.per is theirs.per and (ours.per != "rule" or ours.name == theirs.name)
    return is_same_window and all(mine is None or (other is not None and other <= mine) for mine, other in pairs)


_IMPLIED = {
    Assurance.DMARC: {Assurance.DMARC, Assurance.DMARC_OR_ALIGNED, Assurance.ALIGNED, Assurance.ARC, Assurance.NONE},
    Assurance.DMARC_OR_ALIGNED: {Assurance.DMARC_OR_ALIGNED, Assurance.ALIGNED, Assurance.ARC, Assurance.NONE},
    Assurance.ALIGNED: {Assurance.ALIGNED, Assurance.ARC, Assurance.NONE},
    Assurance.NONE: {Assurance.NONE},
}
"""What else is proven where this is. A DMARC pass is an aligned one (RFC 9989)."""


def _is_proof_kept(ours: Rule, theirs: Rule) -> bool:
    if (ours.requires_dkim and not theirs.requires_dkim) or (ours.requires_spf and not theirs.requires_spf):
        return False
    if theirs.assurance in _IMPLIED:
        return ours.assurance in _IMPLIED[theirs.assurance]
    # Another's seal or signature also lets the agent answer its author, so it must be trusted for that already.
    is_same = theirs.assurance is ours.assurance and theirs.vouchers <= ours.vouchers
    return is_same and (ours.is_by_name or not theirs.is_by_name)


def _refutation(live: Policy | None, draft: Policy) -> dict[str, Any] | None:
    """Return a mail that gets further, or more, under the draft; None where none was found among some thousands."""
    for mail in islice(mails(draft, *([live] if live else [])), MAILS_MAX):
        seen = see_mail(mail)
        if is_more(judge(seen, draft)[0], judge(seen, live)[0], is_tenant_wide=draft.is_tenant_wide):
            return mail
    return None


def is_more(one: Ending, other: Ending, *, is_tenant_wide: bool = False) -> bool:
    """Tell whether one ending lets a mail further in than another, or grants it more."""
    if is_further(one, other):
        return True
    if level(one.disposition) != level(other.disposition) or not level(one.disposition):
        return False
    ours, theirs = one.grant, other.grant
    if ours is None or theirs is None:
        return ours is not None
    is_kept = _is_grant_kept(theirs.capabilities, ours.capabilities, is_tenant_wide=is_tenant_wide)
    return not (is_kept and _is_budget_kept(theirs.budget, ours.budget))


def _is_budget_kept(ours: TokenBudget, theirs: TokenBudget) -> bool:
    return theirs.tightened(ours) == theirs
