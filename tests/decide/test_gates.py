"""The way through the gates: its order, where it ends, and what a trace tells of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from decide.scene import BOSS, content, evidence, inbound, policy
from gatepost.decide.ending import Ending
from gatepost.decide.gates import EVERY_GATE, UNCOUNTED_GATES, Answer, Case, TextGoneError, walk
from gatepost.decide.paper import Disposition, Facts, Outcome, Step
from gatepost.decide.reasons import Reason
from gatepost.decide.rules import see


def case(**rule: Any) -> Case:
    compiled = policy(guards=[{"reject": "never", "reason": "r"}], **rule)
    return Case(see(inbound(evidence(content=content("hello"))), Facts()), BOSS, compiled, compiled.rules[0])


def test_the_gates_stand_in_the_order_the_policy_page_draws() -> None:
    assert [check for check, _ in EVERY_GATE] == [
        "assurance",
        "requireDkim",
        "requireSpf",
        "action",
        "contentGuards",
        "rateLimit.perHour",
        "rateLimit.perDay",
        "tokenBudget.perMessage",
        "tokenBudget.perThread",
        "tokenBudget.perSender",
        "tokenBudget.perDay",
    ]


def test_a_budget_of_none_at_all_for_each_message_lets_none_in() -> None:
    ending, trace = walk(EVERY_GATE, case(tokenBudget={"perMessage": 0}))
    assert ending is not None
    assert (ending.disposition, ending.outcome) == (Disposition.DEFER, Outcome.BUDGET_EXHAUSTED)
    assert (ending.reason, trace[-1]) == (Reason.BUDGET_PER_MESSAGE, Step("tokenBudget.perMessage", "0 of 0"))
    assert walk(EVERY_GATE, case(tokenBudget={"perMessage": 1}))[0] is None


@pytest.mark.parametrize("rule", [{}, {"action": "hold"}, {"action": "reject"}, {"labels": ["a"]}])
def test_a_rule_without_limits_is_asked_for_none(rule: dict[str, Any]) -> None:
    unlimited = case(**rule)
    assert not unlimited.rule.counts
    assert walk(UNCOUNTED_GATES, unlimited) == walk(EVERY_GATE, unlimited)
    limited = case(**rule, tokenBudget={"perMessage": 0})
    assert limited.rule.counts
    assert walk(UNCOUNTED_GATES, limited) != walk(EVERY_GATE, limited) or rule.get("action") == "reject"


def test_a_gate_that_the_rule_does_not_ask_leaves_no_line() -> None:
    ending, trace = walk(EVERY_GATE, case())
    assert (ending, [step.check for step in trace]) == (None, ["assurance", "contentGuards"])
    budget = {"perThread": 9, "perSender": 9, "perDay": 9, "perMessage": 1}
    _, trace = walk(EVERY_GATE, case(tokenBudget=budget, rateLimit={"perDay": 9}))
    assert [step.check for step in trace[2:]] == [
        "rateLimit.perDay",
        "tokenBudget.perMessage",
        "tokenBudget.perThread",
        "tokenBudget.perSender",
        "tokenBudget.perDay",
    ]


def answering(disposition: Disposition | None) -> Answer:
    if disposition is None:
        return "asked", None
    return "asked", Ending(disposition, Outcome.REJECTED_AT_POLICY, Reason.RULE_HELD)


@given(st.lists(st.none() | st.sampled_from([each for each in Disposition if each is not Disposition.DELIVER])))
def test_the_first_refusal_ends_the_way_and_a_hold_waits_for_it(answers: list[Disposition | None]) -> None:
    gates = [(str(at), lambda _case, each=each: answering(each)) for at, each in enumerate(answers)]
    ending, trace = walk(gates, case())
    refusals = [at for at, each in enumerate(answers) if each not in {None, Disposition.HOLD}]
    if refusals:
        assert ending is not None
        assert ending.disposition is answers[refusals[0]]
        assert trace == tuple(Step(str(at), "asked") for at in range(refusals[0] + 1))
    else:
        assert (ending is not None) is (Disposition.HOLD in answers)
        assert len(trace) == len(answers)


def test_a_guard_never_takes_a_text_that_is_gone_for_one_that_is_clear() -> None:
    whole = case()
    with pytest.raises(TextGoneError):
        walk(EVERY_GATE, structs.replace(whole, seen=structs.replace(whole.seen, has_text=False)))
