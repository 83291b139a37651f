"""The house decides as its pages say: as a slow and plain reading of them does, over policies and messages by lot.

And whatever stands above a policy can only tighten it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from random import Random
from typing import Any

from decide import draws, draws_outbound, reference, reference_outbound
from decide.reference import Doc, Said
from gatepost.decide import order
from gatepost.decide.language import Policy, parse
from gatepost.decide.paper import Decision, Facts
from gatepost.decide.reasons import Reason
from gatepost.decide.rules import settle
from gatepost.verify.paper import Verified

POLICIES, MESSAGES_EACH = 200, 50
BUDGETS = ("perMessage", "perThread", "perSender", "perDay")


def told(decision: Decision) -> Said:
    """Return a decision in the words of the reference."""
    rule = next((step.result for step in decision.trace if step.check == "rule"), "none")
    said = Said(
        action=decision.disposition.value,
        reason=decision.reason.value,
        detail=decision.detail,
        rule=None if rule == "none" else int(rule.removeprefix("senders[").removesuffix("]")),
        labels=decision.labels,
        trace=tuple(step.check for step in decision.trace),
    )
    if decision.disposition.value not in {"deliver", "hold"}:
        return said
    wait = (decision.wait.lasts, "deliver" if decision.wait.is_delivered else "refuse")
    said = replace(said, wait=wait if said.action == "hold" else reference.USUAL_WAIT)
    if decision.grant is None:
        return said
    budget = {
        name: limit for name, limit in zip(BUDGETS, astuple(decision.grant.budget), strict=True) if limit is not None
    }
    return replace(said, capabilities=decision.grant.capabilities, budget=budget)


def comparable(said: Said) -> Said:
    """Return what of the reference's answer counts: nothing is granted or waits where nothing is let in."""
    is_let_in = said.action in {"deliver", "hold"}
    return replace(
        said,
        wait=said.wait if said.action == "hold" else reference.USUAL_WAIT,
        capabilities=said.capabilities if is_let_in else None,
        budget=said.budget if is_let_in and said.capabilities is not None else {},
    )


def see_it_tightens(alone: Said, under: Said) -> None:
    """See that under another policy a message gets no further, sooner, or with more."""
    assert reference.STRICTER.index(under.action) >= reference.STRICTER.index(alone.action)
    if alone.action == under.action == "hold":
        assert alone.wait[1] == "deliver" or under.wait[1] == "refuse"
        assert under.wait[1] == "refuse" or under.wait[0] >= alone.wait[0]
    assert {*(under.capabilities or ())} <= {*(alone.capabilities or ())}
    if under.capabilities is not None:
        assert all(under.budget[name] <= limit for name, limit in alone.budget.items())


def judge_all(
    lot: Random,
    draw_policy: Callable[[Random], Doc],
    draw_message: Callable[[Random], Doc],
    expected: Callable[[Doc | None, Doc | None, Any], Said],
    see: Callable[[Any], tuple[Verified, Facts]],
) -> Counter[str]:
    """Let both judge messages under policies, all by lot; return how often each reason came."""
    came: Counter[str] = Counter()
    for _ in range(POLICIES):
        own = draw_policy(lot) if lot.random() < 0.95 else None
        above = draw_policy(lot) if lot.random() < 0.4 else None
        ours: Policy | None = parse(own, version=1)[0] if own else None
        theirs: Policy | None = parse(above, version=2, is_tenant_wide=True)[0] if above else None
        for _ in range(MESSAGES_EACH):
            message = draw_message(lot)
            verified, facts = see(message)
            said = told(settle(verified, ours, facts, above=theirs).decision)
            assert said == comparable(expected(own, above, message)), (own, above, message)
            came[said.reason] += 1
            if above and not facts.ruling and not above.get("outbound", {}).get("footer"):  # which changes what leaves
                see_it_tightens(told(settle(verified, ours, facts).decision), said)
    return came


def reasons_of(questions: Sequence[order.Question], end: str) -> set[str]:
    drawn = {reason.value for question in questions for answer in question.answers for reason in answer.reasons}
    return drawn | {reason.value for reason in Reason if reason.value in end}


def test_what_comes_in_is_decided_as_the_page_says() -> None:
    came = judge_all(
        Random(20_261_122),
        draws.draw_policy,
        draws.draw_mail,
        reference.arriving,
        lambda mail: (draws.verified(mail), draws.facts(mail)),
    )
    assert set(came) == reasons_of(order.INWARD, order.LET_IN)


def test_what_leaves_is_decided_as_the_page_says() -> None:
    came = judge_all(
        Random(20_261_122),
        draws_outbound.draw_outbound,
        draws_outbound.draw_sent,
        reference_outbound.sending,
        lambda sent: (draws_outbound.leaving(sent), draws_outbound.facts(sent)),
    )
    assert set(came) == reasons_of(order.OUTWARD, order.LET_OUT)
