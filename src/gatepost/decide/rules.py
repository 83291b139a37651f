"""One decision: pure, total, in a fixed order. ``docs/policy.md`` draws the order; the trace repeats it line by line.

Nothing here asks a clock, DNS or the database, and nothing raises: equal evidence, policy and facts give an equal
decision, for ever.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from gatepost.arrive.paper import Direction
from gatepost.decide import answers, approval, proof
from gatepost.decide.above import both
from gatepost.decide.body import TooLongError
from gatepost.decide.ending import Ending, Judged, refused, unproven
from gatepost.decide.grammar import DefaultAction
from gatepost.decide.guards import strictest_hit
from gatepost.decide.language import Policy, Rule
from gatepost.decide.paper import Counted, Decided, Decision, Disposition, Facts, Grant, Outcome, Seen, Step
from gatepost.decide.proof import Proof
from gatepost.decide.reasons import Reason
from gatepost.mail.address import Address
from gatepost.verify.paper import Evidence, Result, Verified

BUILT_IN_DIGEST = hashlib.sha256(b'{"builtIn":["answer-proven-author","postmaster-open","refuse-all"]}').hexdigest()
"""Stands in a decision where no stored policy spoke (version 0)."""
PASSED_SHOWN_MAX = 8
"""Rules that a trace names although they did not speak; there may be a thousand."""


class TextGoneError(LookupError):
    """A guard would have to read a message whose text is gone: never while it arrives, only in a replay."""


Answer = tuple[str, Ending | None]
"""What one gate answers: a word for the trace, and the ending, if the way ends here."""


@dataclass(frozen=True, slots=True)
class Case:
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


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be counted or looked up before a message can be judged.

    Attributes:
        is_counted: its author's windows must be locked and counted.
        windows: so must these.
        is_thread_asked: so must the tokens of its thread.
        is_sender_asked: so must its author's tokens of all time.
        asks: facts that conditions ask for, by the conditions' names.
    """

    is_counted: bool = False
    windows: frozenset[str] = frozenset()
    is_thread_asked: bool = False
    is_sender_asked: bool = False
    asks: frozenset[str] = frozenset()

    def __or__(self, other: "Needs") -> "Needs":
        """Return what either needs."""
        return Needs(
            self.is_counted or other.is_counted,
            self.windows | other.windows,
            self.is_thread_asked or other.is_thread_asked,
            self.is_sender_asked or other.is_sender_asked,
            self.asks | other.asks,
        )


def see(verified: Verified, facts: Facts) -> Seen:
    """Return all of a message that a decision may look at."""
    arrived = verified.arrived
    return Seen(
        evidence=verified.evidence,
        facts=facts,
        received_at=arrived.received_at,
        size_octets=len(arrived.raw),
        is_encrypted=arrived.peer is not None and arrived.peer.tls is not None,
    )


def settle(verified: Verified, policy: Policy | None, facts: Facts, *, above: Policy | None = None) -> Decided:
    """Decide: pure and total.

    Args:
        verified: the message and the evidence.
        policy: the one in force; None where the account has none. Outbound and postmaster mail need none.
        facts: what ``recall_all`` counted.
        above: the tenant's policy, which can only tighten; None where it has none.
    """
    arrived, evidence, seen = verified.arrived, verified.evidence, see(verified, facts)
    speaks = top = None
    if arrived.direction is Direction.OUTBOUND:
        ending, trace = approval.sandboxed(answers.judge(evidence, arrived.envelope, facts.answered), facts)
    elif arrived.is_postmaster:
        ending = Ending(Disposition.DELIVER, Outcome.DELIVERED, Reason.POSTMASTER_OPEN)
        trace = (Step("postmaster", "open"),)
    else:
        speaks, top = policy, above
        ending, trace = judge_both(seen, policy, above)
    if facts.ruling is not None:
        ending, trace = approval.ruled(ending, trace, facts.ruling)
    decision = Decision(
        disposition=ending.disposition,
        outcome=ending.outcome,
        reason=ending.reason,
        detail=ending.detail,
        grant=ending.grant,
        labels=ending.labels,
        windows=ending.windows,
        policy_version=speaks.version if speaks else 0,
        policy_digest=speaks.digest if speaks else BUILT_IN_DIGEST,
        tenant_policy_version=top.version if top else 0,
        tenant_policy_digest=top.digest if top else "",
        body_hash_wanted=speaks.body_hash_wanted if speaks else False,
        is_author_proven=_is_author_proven(seen, speaks),
        trace=trace,
    )
    return Decided(verified, decision, facts)


def needs(seen: Seen, policy: Policy) -> Needs:
    """Return what a decision about this message needs to know that ``seen`` does not hold yet.

    A forged author is refused before its name is counted, so that nobody can wait on, or fill, another's windows.
    """
    author = seen.evidence.author
    found = Needs()
    for rule in policy.rules_for(author) if author else ():
        asks = rule.asks
        if author is None or not rule.speaks(seen, besides=asks):
            continue
        ending, _ = _walk(PROOF_GATES, Case(seen, author, policy, rule))
        is_counted = ending is None and (rule.counts or bool(asks))
        window = rule.window_of(author) if is_counted else None
        found |= Needs(
            is_counted=is_counted,
            windows=frozenset() if window is None else frozenset({window}),
            is_thread_asked=is_counted and rule.budget.per_thread is not None,
            is_sender_asked=is_counted and rule.budget.per_sender is not None,
            asks=asks,
        )
        if not asks:
            break  # this one speaks, whatever the facts are
    return found


def judge_both(seen: Seen, policy: Policy | None, above: Policy | None) -> Judged:
    """Judge a message from a stranger under its mailbox's policy and the tenant's; pure and total.

    Raises:
        TextGoneError: the text is not there, and a guard would have to read it.
    """
    own = judge(seen, policy)
    return both(own, judge(seen, above)) if above else own


def judge(seen: Seen, policy: Policy | None) -> Judged:
    """Judge a message from a stranger under one policy; pure and total."""
    if policy is None:
        return refused(Reason.POLICY_MISSING), (Step("policy", "missing"),)
    known: tuple[Step, ...] = (Step("policy", f"version {policy.version}"),)
    evidence, author = seen.evidence, seen.evidence.author
    if author is None:
        is_ambiguous = evidence.author_problem == Reason.AUTHOR_AMBIGUOUS
        reason = Reason.AUTHOR_AMBIGUOUS if is_ambiguous else Reason.AUTHOR_MISSING
        return unproven(reason), (*known, Step("author", reason.value))
    rule, passed = _rule_for(author, seen, policy)
    known = (*known, *passed)
    if rule is None:
        ending = Ending(by_default(policy), Outcome.REJECTED_AT_POLICY, Reason.SENDER_UNMATCHED)
        return ending, (*known, Step("rule", "none"))
    case = Case(seen, author, policy, rule)
    stopped, steps = _walk((*PROOF_GATES, *ACTION_GATES, *CONTENT_GATES, *COUNT_GATES), case)
    ending = _granted(case) if stopped is None else stopped
    if ending.disposition is Disposition.HOLD:
        let_in = _granted(case)
        ending = replace(ending, grant=let_in.grant, windows=let_in.windows)  # what it has once somebody lets it go
    return replace(ending, labels=rule.labels), (*known, Step("rule", f"senders[{rule.index}]"), *steps)


def _rule_for(author: Address, seen: Seen, policy: Policy) -> tuple[Rule | None, tuple[Step, ...]]:
    """Return the rule that speaks, and a line for each of the first that go by the author's name and do not."""
    passed: list[Step] = []
    for rule in policy.rules_for(author):
        why = rule.why_silent(seen)
        if why is None:
            return rule, tuple(passed[:PASSED_SHOWN_MAX])
        passed.append(Step(f"senders[{rule.index}]", why))
    return None, tuple(passed[:PASSED_SHOWN_MAX])


def _granted(case: Case) -> Ending:
    rule = case.rule
    has_rate = (rule.messages_hour, rule.messages_day) != (None, None)
    window = rule.window_of(case.author) if has_rate else None
    return Ending(
        Disposition.DELIVER,
        Outcome.DELIVERED,
        Reason.RULE_MATCHED,
        detail=rule.reason,
        grant=Grant(rule.capabilities, rule.index, rule.budget),
        windows=() if window is None else (window,),
    )


def _walk(gates: Iterable[tuple[str, Gate]], case: Case) -> tuple[Ending | None, tuple[Step, ...]]:
    """Ask gate after gate until one ends the way; the trace has a line for each that was asked.

    A hold does not end it: what a later gate would refuse is not kept for anybody to release.
    """
    steps: list[Step] = []
    held: Ending | None = None
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
        held = held or ending
    return held, tuple(steps)


def _assurance(case: Case) -> Answer:
    found = proof.of_assurance(case.evidence, case.rule)
    return f"{case.rule.assurance.value} {found.value}", _unless_proven(found)


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
    return action.value, Ending(action, Outcome.REJECTED_AT_POLICY, _BY_ACTION[action], detail=case.rule.reason)


def _guards(case: Case) -> Answer | None:
    policy = case.policy
    if not policy.guards:
        return None
    if not case.seen.has_text:
        raise TextGoneError
    otherwise, outcome = by_default(policy), Outcome.REJECTED_AT_CONTENT_GUARD
    try:
        hit = strictest_hit(policy.guards, policy.guarded, case.evidence.content, otherwise=otherwise)
    except TooLongError:
        return "too long", Ending(otherwise, outcome, Reason.CONTENT_TOO_LONG)
    if hit is None:
        return "clear", None
    index, action = hit
    return f"contentGuards[{index}]", Ending(action, outcome, Reason.CONTENT_GUARD, detail=policy.guards[index].reason)


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


PROOF_GATES: tuple[tuple[str, Gate], ...] = (
    ("assurance", _assurance),
    ("requireDkim", _require_dkim),
    ("requireSpf", _require_spf),
)
ACTION_GATES: tuple[tuple[str, Gate], ...] = (("action", _action),)
CONTENT_GATES: tuple[tuple[str, Gate], ...] = (("contentGuards", _guards),)
COUNT_GATES: tuple[tuple[str, Gate], ...] = (
    (
        "rateLimit.perHour",
        partial(
            _limit,
            lambda rule: rule.messages_hour,
            lambda case: _window(case).hour,
            Outcome.RATE_LIMITED,
            Reason.RATE_PER_HOUR,
        ),
    ),
    (
        "rateLimit.perDay",
        partial(
            _limit,
            lambda rule: rule.messages_day,
            lambda case: _window(case).day,
            Outcome.RATE_LIMITED,
            Reason.RATE_PER_DAY,
        ),
    ),
    (
        "tokenBudget.perThread",
        partial(
            _limit,
            lambda rule: rule.budget.per_thread,
            lambda case: case.seen.facts.tokens_thread,
            Outcome.BUDGET_EXHAUSTED,
            Reason.BUDGET_PER_THREAD,
        ),
    ),
    (
        "tokenBudget.perSender",
        partial(
            _limit,
            lambda rule: rule.budget.per_sender,
            lambda case: case.seen.facts.tokens_sender,
            Outcome.BUDGET_EXHAUSTED,
            Reason.BUDGET_PER_SENDER,
        ),
    ),
    (
        "tokenBudget.perDay",
        partial(
            _limit,
            lambda rule: rule.budget.per_day,
            lambda case: case.seen.facts.tokens_day,
            Outcome.BUDGET_EXHAUSTED,
            Reason.BUDGET_PER_DAY,
        ),
    ),
)


def _is_author_proven(seen: Seen, policy: Policy | None) -> bool:
    """Tell whether the author is who the From field says, for whoever wants to answer.

    Somebody else's signature proves it only where the rule names the author it is good for.
    """
    evidence = seen.evidence
    if evidence.is_aligned or evidence.auth or evidence.dmarc.result is Result.PASS:
        return True
    rule = policy.rule_for(evidence.author, seen) if policy and evidence.author else None
    if rule is None:
        return False
    return proof.has_trusted_seal(evidence, rule) or (rule.is_by_name and proof.is_signed_for(evidence, rule))


def by_default(policy: Policy) -> Disposition:
    """Return what becomes of mail that no rule expects."""
    return Disposition.REJECT if policy.default_action is DefaultAction.BOUNCE else Disposition.DISCARD
