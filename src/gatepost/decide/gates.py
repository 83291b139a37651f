"""The gates between the rule that speaks and the end: proof, action, guards, limits. Pure.

``order`` says which comes first; the trace has a line for each that was asked.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from gatepost.decide import order, proof
from gatepost.decide.body import TooLongError
from gatepost.decide.ending import Ending, unproven
from gatepost.decide.grammar import DefaultAction
from gatepost.decide.guards import strictest_hit
from gatepost.decide.language import Policy, Rule
from gatepost.decide.paper import USUAL_WAIT, Counted, Disposition, Found, Outcome, Seen, Step
from gatepost.decide.proof import Proof
from gatepost.decide.reasons import Reason
from gatepost.mail.address import Address
from gatepost.verify.paper import Content, Evidence


class TextGoneError(LookupError):
    """A guard would have to read a message whose text is gone: never while it arrives, only in a replay."""


Answer = tuple[str, Ending | None]
"""What one gate answers: a word for the trace, and the ending, if the way ends here."""


class Case(Struct, frozen=True, gc=False):
    """What the gates of an inbound message see once a rule speaks for its author."""

    seen: Seen
    author: Address
    policy: Policy
    rule: Rule

    @property
    def evidence(self) -> Evidence:
        """What was found about the message."""
        return self.seen.evidence


Gate = Callable[[Case], Answer | None]
"""One question to a case; None where the rule does not ask it."""


def walk(gates: Iterable[tuple[str, Gate]], case: Case) -> tuple[Ending | None, tuple[Step, ...]]:
    """Ask gate after gate until one ends the way; the trace has a line for each that was asked.

    A hold does not end it: what a later gate would refuse is not kept for anybody to release.
    """
    steps: list[Step] = []
    held: Ending | None = None
    wait = case.rule.wait or USUAL_WAIT
    for check, gate in gates:
        answer = gate(case)
        if answer is None:
            continue
        said, ending = answer
        steps.append(Step(check, said))
        if ending is None:
            continue
        if ending.disposition is not Disposition.HOLD:
            return ending, tuple(steps)
        if ending.outcome is Outcome.REJECTED_AT_CONTENT_GUARD:
            wait = wait.refusing()  # what a guard found is not let go by silence
        held = held or ending
    return held and replace(held, wait=wait), tuple(steps)


def _assurance(case: Case) -> Answer:
    found = proof.of_assurance(case.evidence, case.rule)
    return f"{case.rule.assurance} {found}", _unless_proven(found)


def _require_dkim(case: Case) -> Answer | None:
    if not case.rule.requires_dkim:
        return None
    found = proof.of_dkim(case.evidence)
    return found.value, _unless_proven(found)


def _require_spf(case: Case) -> Answer | None:
    if not case.rule.requires_spf:
        return None
    found = proof.of_spf(case.evidence)
    return found.value, _unless_proven(found)


def _unless_proven(found: Proof) -> Ending | None:
    match found:
        case Proof.PASS:
            return None
        case Proof.FAIL:
            return unproven(Reason.SENDER_UNPROVEN)
        case Proof.UNSETTLED:
            return Ending(Disposition.DEFER, Outcome.REJECTED_AT_VERIFICATION, Reason.SENDER_UNSETTLED)
        case _:  # pragma: no cover  # mypy proves there is no other
            assert_never(found)


_BY_ACTION = {
    Disposition.HOLD: Reason.RULE_HELD,
    Disposition.DEFER: Reason.RULE_DEFERRED,
    Disposition.DISCARD: Reason.RULE_DISCARDED,
    Disposition.REJECT: Reason.RULE_REJECTED,
}


def _action(case: Case) -> Answer | None:
    action = case.rule.action
    if action is Disposition.DELIVER:
        return None
    said = f"hold {case.rule.wait}" if action is Disposition.HOLD and case.rule.wait else action.value
    return said, Ending(action, Outcome.REJECTED_AT_POLICY, _BY_ACTION[action], detail=case.rule.reason)


def _guards(case: Case) -> Answer | None:
    policy = case.policy
    if not policy.guards:
        return None
    if not case.seen.has_text:
        raise TextGoneError
    found = case.seen.findings.get(policy.digest) or ask_guards(policy, case.evidence.content)
    outcome = Outcome.REJECTED_AT_CONTENT_GUARD
    if found.is_too_long:
        return "too long", Ending(by_default(policy), outcome, Reason.CONTENT_TOO_LONG)
    if found.guard is None:
        return "clear", None
    detail = policy.guards[found.guard].reason
    return f"contentGuards[{found.guard}]", Ending(found.action, outcome, Reason.CONTENT_GUARD, detail=detail)


def ask_guards(policy: Policy, content: Content) -> Found:
    """Return what a policy's guards find in a message: of all gates, the only one that takes time."""
    try:
        hit = strictest_hit(policy.guards, policy.guarded, content, otherwise=by_default(policy))
    except TooLongError:
        return Found(is_too_long=True)
    return Found() if hit is None else Found(*hit)


def _limit(
    limit_of: Callable[[Rule], int | None],
    count_of: Callable[[Case], int],
    outcome: Outcome,
    reason: Reason,
    case: Case,
) -> Answer | None:
    limit = limit_of(case.rule)
    if limit is None:
        return None
    count = count_of(case)
    return f"{count} of {limit}", Ending(Disposition.DEFER, outcome, reason) if count >= limit else None


def _window(case: Case) -> Counted:
    facts, window = case.seen.facts, case.rule.window_of(case.author)
    return Counted(facts.messages_hour, facts.messages_day) if window is None else facts.windows.get(window, Counted())


_RATED, _SPENT = Outcome.RATE_LIMITED, Outcome.BUDGET_EXHAUSTED
_GATES: Mapping[str, Gate] = {
    "assurance": _assurance,
    "requireDkim": _require_dkim,
    "requireSpf": _require_spf,
    "action": _action,
    "contentGuards": _guards,
    "rateLimit.perHour": partial(
        _limit, lambda rule: rule.messages_hour, lambda case: _window(case).hour, _RATED, Reason.RATE_PER_HOUR
    ),
    "rateLimit.perDay": partial(
        _limit, lambda rule: rule.messages_day, lambda case: _window(case).day, _RATED, Reason.RATE_PER_DAY
    ),
    "tokenBudget.perMessage": partial(
        _limit,
        lambda rule: rule.budget.per_message,
        lambda _case: 0,  # nobody has spent anything on it yet, so only a limit of none at all ends its way
        _SPENT,
        Reason.BUDGET_PER_MESSAGE,
    ),
    "tokenBudget.perThread": partial(
        _limit,
        lambda rule: rule.budget.per_thread,
        lambda case: case.seen.facts.tokens_thread,
        _SPENT,
        Reason.BUDGET_PER_THREAD,
    ),
    "tokenBudget.perSender": partial(
        _limit,
        lambda rule: rule.budget.per_sender,
        lambda case: case.seen.facts.tokens_sender,
        _SPENT,
        Reason.BUDGET_PER_SENDER,
    ),
    "tokenBudget.perDay": partial(
        _limit, lambda rule: rule.budget.per_day, lambda case: case.seen.facts.tokens_day, _SPENT, Reason.BUDGET_PER_DAY
    ),
}


def _of(*questions: order.Question) -> tuple[tuple[str, Gate], ...]:
    return tuple((check, _GATES[check]) for question in questions for check in question.checks)


PROOF_GATES = _of(order.PROOF)
GATES_BEFORE_GUARDS = _of(order.PROOF, order.ACTION)
UNCOUNTED_GATES = _of(order.PROOF, order.ACTION, order.GUARDS)
"""Those that a rule without limits is asked."""
EVERY_GATE = UNCOUNTED_GATES + _of(order.RATES, order.BUDGETS)
"""All of them, in the order they are asked."""


def by_default(policy: Policy) -> Disposition:
    """Return what becomes of mail that no rule expects."""
    return Disposition.REJECT if policy.default_action is DefaultAction.BOUNCE else Disposition.DISCARD
