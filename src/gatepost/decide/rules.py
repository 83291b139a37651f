"""One decision: pure, total, in a fixed order. ``docs/policy.md`` draws the order; the trace repeats it line by line.

Nothing here asks a clock, DNS or the database, and nothing raises: equal evidence, policy and facts give an equal
decision, for ever.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from gatepost.arrive.paper import Direction, Door
from gatepost.decide import answers, outbound, proof
from gatepost.decide.body import TEXT_MAX_OCTETS, TooLongError, spellings
from gatepost.decide.ending import Ending, Judged, refused, unproven
from gatepost.decide.language import DefaultAction, Policy, Rule
from gatepost.decide.paper import Decided, Decision, Disposition, Facts, Grant, Outcome, Step
from gatepost.decide.proof import Proof
from gatepost.decide.reasons import Reason
from gatepost.verify.paper import Evidence, Result, Verified

BUILT_IN_DIGEST = hashlib.sha256(b'{"builtIn":["answer-proven-author","postmaster-open","refuse-all"]}').hexdigest()
"""Stands in a decision where no stored policy spoke (version 0)."""
GUARDS_WORK_MAX = 1 << 31
"""RE2 instructions times octets, for one message.

Where a pattern is ordinary RE2 spends some hundredths of a nanosecond on each; where its automaton does not fit in
memory, at most some 6 ns: 13 s for the worst text under the worst policy there can be.
"""


Answer = tuple[str, Ending | None]
"""What one gate answers: a word for the trace, and the ending, if the way ends here."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the gates of an inbound message see once a rule speaks for its author."""

    evidence: Evidence
    policy: Policy
    rule: Rule
    facts: Facts


Gate = Callable[[Case], Answer | None]
"""One question to a case; None where the rule does not ask it."""


def settle(verified: Verified, policy: Policy | None, facts: Facts) -> Decided:
    """Decide: pure and total.

    Args:
        verified: the message and the evidence.
        policy: the one in force; None where the account has none. Outbound and postmaster mail need none. Without an
            ``outbound`` member it says nothing about outbound mail.
        facts: what ``recall_all`` counted.
    """
    arrived, evidence = verified.arrived, verified.evidence
    speaks = None
    if arrived.direction is Direction.OUTBOUND:
        speaks = policy if policy and policy.outbound else None
        ending, trace = _outbound(verified, policy, facts)
    elif arrived.door is Door.HOUSE:
        ending = Ending(Disposition.DELIVER, Outcome.DELIVERED, Reason.NOTICE_OWN)
        trace = (Step("author", "the house"),)
    elif arrived.is_postmaster:
        ending = Ending(Disposition.DELIVER, Outcome.DELIVERED, Reason.POSTMASTER_OPEN)
        trace = (Step("postmaster", "open"),)
    else:
        speaks = policy
        ending, trace = _inbound(evidence, policy, facts)
    decision = Decision(
        disposition=ending.disposition,
        outcome=ending.outcome,
        reason=ending.reason,
        detail=ending.detail,
        grant=ending.grant,
        policy_version=speaks.version if speaks else 0,
        policy_digest=speaks.digest if speaks else BUILT_IN_DIGEST,
        body_hash_wanted=speaks.body_hash_wanted if speaks else False,
        is_author_proven=_is_author_proven(evidence, speaks),
        trace=trace,
    )
    return Decided(verified, decision)


def _outbound(verified: Verified, policy: Policy | None, facts: Facts) -> Judged:
    evidence, envelope = verified.evidence, verified.arrived.envelope
    own = policy.outbound if policy else None
    listed = outbound.listed(own, envelope.rcpt_to, facts)
    ending, trace = answers.judge(evidence, envelope, facts.answered, listed)
    if ending.disposition is not Disposition.DELIVER:
        return ending, trace
    case = outbound.Case(own or outbound.BUILT_IN, evidence, envelope.rcpt_to, envelope.mail_from is None, facts)
    return outbound.judge(case, (ending, trace))


def counting_rule(evidence: Evidence, policy: Policy) -> Rule | None:
    """Return the rule whose limits must be counted for this message, or None where no count can change the decision.

    A forged author is refused before its name is counted, so that nobody can wait on, or fill, another's windows.
    """
    rule = policy.rule_for(evidence.author) if evidence.author else None
    if rule is None or not rule.counts:
        return None
    ending, _ = _walk(PROOF_GATES, Case(evidence, policy, rule, Facts()))
    return rule if ending is None else None


def _inbound(evidence: Evidence, policy: Policy | None, facts: Facts) -> Judged:
    if policy is None:
        return refused(Reason.POLICY_MISSING), (Step("policy", "missing"),)
    known = (Step("policy", f"version {policy.version}"),)
    if evidence.author is None:
        is_ambiguous = evidence.author_problem == Reason.AUTHOR_AMBIGUOUS
        reason = Reason.AUTHOR_AMBIGUOUS if is_ambiguous else Reason.AUTHOR_MISSING
        return unproven(reason), (*known, Step("author", reason.value))
    rule = policy.rule_for(evidence.author)
    if rule is None:
        ending = Ending(_by_default(policy), Outcome.REJECTED_AT_POLICY, Reason.SENDER_UNMATCHED)
        return ending, (*known, Step("rule", "none"))
    stopped, steps = _walk((*PROOF_GATES, *CONTENT_GATES, *COUNT_GATES), Case(evidence, policy, rule, facts))
    granted = Ending(
        Disposition.DELIVER,
        Outcome.DELIVERED,
        Reason.RULE_MATCHED,
        grant=Grant(rule.capabilities, rule.index),
    )
    return stopped or granted, (*known, Step("rule", f"senders[{rule.index}]"), *steps)


def _walk(gates: Iterable[tuple[str, Gate]], case: Case) -> tuple[Ending | None, tuple[Step, ...]]:
    """Ask gate after gate until one ends the way; the trace has a line for each that was asked."""
    steps: list[Step] = []
    for check, gate in gates:
        answer = gate(case)
        if answer is None:
            continue
        said, ending = answer
        steps.append(Step(check, said))
        if ending is not None:
            return ending, tuple(steps)
    return None, tuple(steps)


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


def _guards(case: Case) -> Answer | None:
    if not case.policy.guards:
        return None
    disposition, outcome = _by_default(case.policy), Outcome.REJECTED_AT_CONTENT_GUARD
    try:
        texts = spellings(case.evidence.content, most_octets=_readable_octets(case.policy))
    except TooLongError:
        return "too long", Ending(disposition, outcome, Reason.CONTENT_TOO_LONG)
    texts = tuple(text for text in texts if case.policy.guarded.may_be_in(text))
    for index, guard in enumerate(case.policy.guards if texts else ()):
        if any(guard.pattern.is_in(text) for text in texts):
            ending = Ending(disposition, outcome, Reason.CONTENT_GUARD, detail=guard.reason)
            return f"contentGuards[{index}]", ending
    return "clear", None


def _readable_octets(policy: Policy) -> int:
    """Return how much text this policy's guards may read; a longer body is refused, never read in part."""
    return min(TEXT_MAX_OCTETS, GUARDS_WORK_MAX // max(policy.guards_cost, 1))


def _limit(
    limit_of: Callable[[Rule], int | None],
    count_of: Callable[[Facts], int],
    outcome: Outcome,
    reason: Reason,
    case: Case,
) -> Answer | None:
    limit, count = limit_of(case.rule), count_of(case.facts)
    if limit is None:
        return None
    return f"{count} of {limit}", Ending(Disposition.DEFER, outcome, reason) if count >= limit else None


PROOF_GATES: tuple[tuple[str, Gate], ...] = (
    ("assurance", _assurance),
    ("requireDkim", _require_dkim),
    ("requireSpf", _require_spf),
)
CONTENT_GATES: tuple[tuple[str, Gate], ...] = (("contentGuards", _guards),)
COUNT_GATES: tuple[tuple[str, Gate], ...] = (
    (
        "rateLimit.perHour",
        partial(
            _limit,
            lambda rule: rule.messages_hour,
            lambda facts: facts.messages_hour,
            Outcome.RATE_LIMITED,
            Reason.RATE_PER_HOUR,
        ),
    ),
    (
        "rateLimit.perDay",
        partial(
            _limit,
            lambda rule: rule.messages_day,
            lambda facts: facts.messages_day,
            Outcome.RATE_LIMITED,
            Reason.RATE_PER_DAY,
        ),
    ),
    (
        "tokenBudget.perThread",
        partial(
            _limit,
            lambda rule: rule.tokens_thread,
            lambda facts: facts.tokens_thread,
            Outcome.BUDGET_EXHAUSTED,
            Reason.BUDGET_PER_THREAD,
        ),
    ),
    (
        "tokenBudget.perDay",
        partial(
            _limit,
            lambda rule: rule.tokens_day,
            lambda facts: facts.tokens_day,
            Outcome.BUDGET_EXHAUSTED,
            Reason.BUDGET_PER_DAY,
        ),
    ),
)


def _is_author_proven(evidence: Evidence, policy: Policy | None) -> bool:
    if evidence.is_aligned or evidence.auth or evidence.dmarc.result is Result.PASS:
        return True
    rule = policy.rule_for(evidence.author) if policy and evidence.author else None
    return rule is not None and proof.has_trusted_seal(evidence, rule)


def _by_default(policy: Policy) -> Disposition:
    return Disposition.REJECT if policy.default_action is DefaultAction.BOUNCE else Disposition.DISCARD
