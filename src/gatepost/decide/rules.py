"""One decision: pure, total, in a fixed order. ``docs/policy.md`` draws the order; the trace repeats it line by line.

Nothing here asks a clock, DNS or the database, and nothing raises: equal evidence, policy and facts give an equal
decision, for ever.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from gatepost.arrive.paper import Direction, Door
from gatepost.decide import approval, crowd, outbound, proof
from gatepost.decide.above import both
from gatepost.decide.ending import Ending, Judged, refused, unproven
from gatepost.decide.gates import (
    EVERY_GATE,
    GATES_BEFORE_GUARDS,
    PROOF_GATES,
    UNCOUNTED_GATES,
    Case,
    by_default,
    walk,
)
from gatepost.decide.language import Policy, Rule
from gatepost.decide.paper import (
    NOT_ASKED,
    Decided,
    Decision,
    Disposition,
    Facts,
    Findings,
    Grant,
    Outcome,
    Seen,
    Step,
)
from gatepost.decide.reasons import Reason
from gatepost.mail.address import Address
from gatepost.verify.paper import Result, Verified

BUILT_IN_DIGEST = hashlib.sha256(b'{"builtIn":["answer-proven-author","postmaster-open","refuse-all"]}').hexdigest()
"""Stands in a decision where no stored policy spoke (version 0)."""
PASSED_SHOWN_MAX = 8
"""Rules that a trace names although they did not speak; there may be a thousand."""


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


NO_NEEDS = Needs()


def see(verified: Verified, facts: Facts, findings: Findings = NOT_ASKED) -> Seen:
    """Return all of a message that a decision may look at."""
    arrived = verified.arrived
    return Seen(
        envelope=arrived.envelope if arrived.direction is Direction.OUTBOUND else None,
        evidence=verified.evidence,
        facts=facts,
        received_at=arrived.received_at,
        size_octets=len(arrived.raw),
        is_encrypted=arrived.peer is not None and arrived.peer.tls is not None,
        findings=findings,
    )


def settle(
    verified: Verified,
    policy: Policy | None,
    facts: Facts,
    *,
    above: Policy | None = None,
    findings: Findings = NOT_ASKED,
) -> Decided:
    """Decide: pure and total.

    Args:
        verified: the message and the evidence.
        policy: the one in force; None where the account has none. Outbound and postmaster mail need none. Without an
            ``outbound`` member it says nothing about outbound mail.
        facts: what ``recall_all`` counted.
        above: the tenant's policy, which can only tighten; None where it has none.
        findings: what guards answered already.
    """
    arrived, seen = verified.arrived, see(verified, facts, findings)
    speaks = top = None
    if arrived.direction is Direction.OUTBOUND:
        speaks, top = (each if each and each.outbound else None for each in (policy, above))
        ending, trace = judge_leaving(seen, speaks, top)
    elif arrived.door is Door.HOUSE:
        ending = Ending(Disposition.DELIVER, Outcome.DELIVERED, Reason.NOTICE_OWN)
        trace = (Step("author", "the house"),)
    elif arrived.is_postmaster:
        ending = Ending(Disposition.DELIVER, Outcome.DELIVERED, Reason.POSTMASTER_OPEN)
        trace = (Step("postmaster", "open"),)
    else:
        speaks, top = policy, above
        ending, trace = judge_both(seen, policy, above)
    decision = Decision(
        disposition=ending.disposition,
        outcome=ending.outcome,
        reason=ending.reason,
        detail=ending.detail,
        grant=ending.grant,
        labels=ending.labels,
        windows=ending.windows,
        wait=ending.wait,
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
    found = NO_NEEDS
    for case in _cases(seen, policy) if policy.recalls else ():
        if case.rule.counts or case.rule.asks:
            found |= _needs_of(case)
    return found


def may_ask_guards(seen: Seen, policy: Policy) -> bool:
    """Tell whether, as facts may be, a decision about this message asks the policy's guards."""
    if not policy.guards:
        return False
    endings = (walk(GATES_BEFORE_GUARDS, case)[0] for case in _cases(seen, policy))
    return any(ending is None or ending.disposition is Disposition.HOLD for ending in endings)


def _cases(seen: Seen, policy: Policy) -> Iterator[Case]:
    """Yield a message under each rule that may speak for its author, as facts may be."""
    author = seen.evidence.author
    if author is None:
        return
    for rule in policy.rules_for(author):
        if rule.speaks(seen, besides=rule.asks):
            yield Case(seen, author, policy, rule)
            if not rule.asks:
                return  # this one speaks, whatever the facts are


def _needs_of(case: Case) -> Needs:
    rule = case.rule
    ending, _ = walk(PROOF_GATES, case)
    if ending is not None:
        return Needs(asks=rule.asks)
    window = rule.window_of(case.author)
    return Needs(
        is_counted=True,
        windows=frozenset() if window is None else frozenset({window}),
        is_thread_asked=rule.budget.per_thread is not None,
        is_sender_asked=rule.budget.per_sender is not None,
        asks=rule.asks,
    )


def judge_both(seen: Seen, policy: Policy | None, above: Policy | None) -> Judged:
    """Judge a message from a stranger under its mailbox's policy and the tenant's, and by what was said of it if held.

    Pure and total.

    Raises:
        TextGoneError: the text is not there, and a guard would have to read it.
    """
    judged = judge(seen, policy)
    if above:
        judged = both(judged, judge(seen, above))
    return _ended(judged, seen.facts)


def judge_leaving(seen: Seen, policy: Policy | None, above: Policy | None) -> Judged:
    """Judge a message that leaves under the outbound halves of both policies, and by what was said of it if held.

    Pure and total.

    Raises:
        TextGoneError: the text is not there, and a gate would have to read it.
    """
    own, higher = (each.outbound if each else None for each in (policy, above))
    judged = approval.sandboxed(outbound.judge_both(seen, own, higher), seen.facts)
    return _ended(judged, seen.facts)


def _ended(judged: Judged, facts: Facts) -> Judged:
    """Return the end that a person's word, or the want of room for one more to wait, makes of it."""
    return approval.ruled(*judged, facts.ruling) if facts.ruling else crowd.admitted(judged, facts)


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
    stopped, steps = walk(EVERY_GATE if rule.counts else UNCOUNTED_GATES, case)
    ending = _granted(case) if stopped is None else stopped
    if ending.disposition is Disposition.HOLD:
        let_in = _granted(case)
        ending = replace(ending, grant=let_in.grant, windows=let_in.windows)  # what it has once somebody lets it go
    labelled = replace(ending, labels=rule.labels) if rule.labels else ending
    return labelled, (*known, Step("rule", f"senders[{rule.index}]"), *steps)


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
