"""What the docs draw is what is asked: the trace of every decision is a walk through the documented order."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import AGENT, BOSS, content, evidence, inbound, outbound, unproven
from gatepost.decide import order
from gatepost.decide.language import Policy, parse
from gatepost.decide.order import INWARD, OUTWARD, PASSED, STOPS, Question
from gatepost.decide.outbound_language import Stop
from gatepost.decide.paper import Answered, Counted, Decision, Disposition, Facts, Leaving, Ruling, Step, Waiting
from gatepost.decide.reasons import Reason
from gatepost.decide.rules import settle
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.verify.paper import Evidence, Injection

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "drawn"),
    [
        ("policy.md", order.diagram(order.INWARD, order.LET_IN)),
        ("outbound.md", order.diagram(order.OUTWARD, order.LET_OUT)),
    ],
)
def test_the_docs_draw_the_order(page: str, drawn: str) -> None:
    assert f"```mermaid\n{drawn}\n```" in (DOCS / page).read_text(encoding="utf-8")


def test_every_reason_there_is_ends_some_way_in_the_drawing() -> None:
    named = {reason for question in (*INWARD, *OUTWARD) for answer in question.answers for reason in answer.reasons}
    at_the_end = {each for each in Reason if each.value in f"{order.LET_IN} {order.LET_OUT}"}
    assert named | at_the_end == set(Reason)


def _checks(questions: Sequence[Question]) -> list[str]:
    """Return the lines a trace may have, in the order they may come."""
    stops = {check for stop in STOPS for check in stop.checks} | {"hold"}
    prefix = "outbound." if questions is OUTWARD else ""
    return [f"{prefix}{each}" if each in stops else each for question in questions for each in question.checks]


def walks(questions: Sequence[Question], trace: Sequence[Step]) -> bool:
    """Tell whether a trace asks in the drawn order: the tenant's policy first, the approval last."""
    steps = [step.check for step in trace if step.check != "approval"]
    if any(step.check == "approval" for step in trace[:-1]):
        return False
    above = [each.removeprefix("tenant.") for each in steps if each.startswith("tenant.")]
    own = steps[len(above) :]
    return all(_is_in_order(questions, each) for each in (above, own))


def _is_in_order(questions: Sequence[Question], steps: Sequence[str]) -> bool:
    passed = [each for each in steps if each.startswith("senders[")]
    numbers = [int(each.removeprefix("senders[").removesuffix("]")) for each in passed]
    if numbers != sorted(set(numbers)):
        return False
    names = [PASSED if each.startswith("senders[") else each for each in steps]
    asked = [name for at, name in enumerate(names) if name != PASSED or names[:at][-1:] != [PASSED]]
    left = iter(_checks(questions))
    return all(each in left for each in asked)  # each is looked for behind the one before


matches = st.sampled_from(
    [
        {"anyone": True, "assurance": "none"},
        {"domain": "example.com"},
        {"domain": "example.com", "assurance": "dmarc", "requireDkim": True},
        {"address": "boss@example.com", "requireSpf": True, "assurance": "none"},
        {"domain": "else.example"},
    ]
)
limits = st.integers(0, 3)
rules = st.fixed_dictionaries(
    {"match": matches},
    optional={
        "action": st.sampled_from(Disposition),
        "when": st.sampled_from([{"tls": True}, {"injectionScore": {"atLeast": 0.5}}, {"firstTime": True}]),
        "expiresAt": st.sampled_from(["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]),
        "hold": st.just({"expiresAfter": "1h", "then": "deliver"}),
        "rateLimit": st.fixed_dictionaries({}, optional={"perHour": limits, "perDay": limits}),
        "tokenBudget": st.fixed_dictionaries(
            {}, optional={"perMessage": limits, "perThread": limits, "perSender": limits, "perDay": limits}
        ),
    },
).filter(lambda rule: "hold" not in rule or rule.get("action") is Disposition.HOLD)
guards = st.fixed_dictionaries(
    {"reject": st.sampled_from(["hello", "money"]), "reason": st.just("r")},
    optional={"action": st.sampled_from([each for each in Disposition if each is not Disposition.DELIVER])},
)
documents = st.fixed_dictionaries(
    {
        "defaultAction": st.sampled_from(["bounce", "drop"]),
        "senders": st.lists(rules, max_size=4),
        "contentGuards": st.lists(guards, max_size=2),
        "auditLog": st.just({"retentionDays": 1}),
    }
)
found = st.builds(
    lambda prove, score, text, author: prove(injection=Injection(score), content=content(text), author=author),
    st.sampled_from([evidence, unproven]),
    st.sampled_from([0.0, 0.9]),
    st.sampled_from(["hello", "money", "x" * 2_000_000]),
    st.sampled_from([BOSS, BOSS, Address("who", "strange.example"), None]),
)
rulings = st.none() | st.builds(Ruling, is_approved=st.booleans(), by=st.just("ky_a"), is_expiry=st.booleans())
facts = st.builds(
    Facts,
    messages_hour=limits,
    messages_day=limits,
    tokens_thread=limits,
    tokens_sender=limits,
    tokens_day=limits,
    is_first_time=st.booleans(),
    ruling=rulings,
    waiting=st.none() | st.builds(Waiting, st.integers(18, 21), st.integers(198, 201), st.integers(998, 1_001)),
)


@given(documents, st.none() | documents, found, facts)
def test_the_trace_of_what_comes_in_walks_the_order(
    own: dict[str, Any], above: dict[str, Any] | None, seen: Evidence, known: Facts
) -> None:
    ours, _ = parse(own, version=1)
    theirs = parse(above, version=2, is_tenant_wide=True)[0] if above else None
    decision = settle(inbound(seen), ours, known, above=theirs).decision
    assert walks(INWARD, decision.trace)
    assert (decision.trace[-1].check == "approval") is (known.ruling is not None)
    for policy, prefix in ((ours, ""), (theirs, "tenant.")):
        if policy is not None:
            _see_nothing_is_left_out(policy, prefix, decision)
    if theirs is None and known.ruling is None:
        _see_its_end_is_drawn(decision)


def _see_its_end_is_drawn(decision: Decision) -> None:
    """See that the reason belongs to an answer of the question asked last, or was noted on the way."""
    asked = {check: question for question in INWARD for check in question.checks}
    way = [asked[step.check] for step in decision.trace if step.check in asked]
    noted = {each for question in way for answer in question.answers if answer.is_noted for each in answer.reasons}
    ended = {each for answer in way[-1].answers if not answer.is_noted for each in answer.reasons}
    match decision.disposition:
        case Disposition.DELIVER:
            assert decision.reason is Reason.RULE_MATCHED
        case Disposition.HOLD:
            assert decision.reason in noted
        case _:
            assert decision.reason in ended


def _see_nothing_is_left_out(policy: Policy, prefix: str, decision: Decision) -> None:
    """See that of what the speaking rule asks, as its author wrote it, the trace has all until the way ended."""
    said = {step.check.removeprefix(prefix): step.result for step in decision.trace if step.check.startswith(prefix)}
    if not said.get("rule", "none").startswith("senders["):
        return
    rule = policy.rules[int(said["rule"].removeprefix("senders[").removesuffix("]"))]
    budget = rule.budget
    wanted = {
        "assurance": True,
        "requireDkim": rule.requires_dkim,
        "requireSpf": rule.requires_spf,
        "action": rule.action is not Disposition.DELIVER,
        "contentGuards": bool(policy.guards),
        "rateLimit.perHour": rule.messages_hour is not None,
        "rateLimit.perDay": rule.messages_day is not None,
        "tokenBudget.perMessage": budget.per_message is not None,
        "tokenBudget.perThread": budget.per_thread is not None,
        "tokenBudget.perSender": budget.per_sender is not None,
        "tokenBudget.perDay": budget.per_day is not None,
    }
    asked = [check for check in _checks(INWARD) if wanted.get(check)]
    told = [check for check in said if check in wanted]
    assert told == asked[: len(told)]
    if decision.disposition in {Disposition.DELIVER, Disposition.HOLD}:
        assert told == asked


stops = st.sampled_from(["deliver", "hold", "reject"])
outbounds = st.fixed_dictionaries(
    {},
    optional={
        "recipients": st.sampled_from([{"thread": True}, {"contacts": True}, {"domains": ["example.com"]}]),
        "recipientsPerMessage": st.integers(1, 2),
        "attachments": st.just({"filesAtMost": 0}),
        "footer": st.just("hello"),
        "repliesPerThread": st.just({"perHour": 1}),
        "rateLimit": st.sampled_from([{"perRecipient": {"perHour": 1}}, {"perDomain": {"perDay": 1}}]),
        "hold": st.just({"expiresAfter": "1h"}),
        "canaryMarks": st.just(["orchid-7731-zebra"]),
        **{stop.value: stops for stop in Stop},
    },
)
leavings = st.builds(
    Leaving,
    contacts=st.sampled_from([frozenset(), frozenset({BOSS.key})]),
    replies=st.builds(Counted, st.integers(0, 30)),
)
parents = st.builds(Answered, st.just(EmailId("em_p")), st.just(BOSS), st.booleans(), st.booleans(), st.just(()))
known_of_leaving = st.builds(
    Facts, answered=st.none() | parents, is_sandboxed=st.booleans(), ruling=rulings, leaving=leavings
)


@given(outbounds, st.none() | outbounds, known_of_leaving, st.sampled_from(["hello", "4111 1111 1111 1111"]))
def test_the_trace_of_what_leaves_walks_the_order(
    own: dict[str, Any], above: dict[str, Any] | None, known: Facts, text: str
) -> None:
    said = {"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": 1}}
    ours, _ = parse({**said, "outbound": own}, version=1)
    theirs = parse({**said, "outbound": above}, version=2, is_tenant_wide=True)[0] if above is not None else None
    message = outbound((BOSS, AGENT))
    message = replace(message, evidence=replace(message.evidence, content=content(text)))
    assert walks(OUTWARD, settle(message, ours, known, above=theirs).decision.trace)


@pytest.mark.parametrize(
    "checks",
    [
        ["policy", "assurance", "rule"],
        ["policy", "senders[1]", "senders[0]", "rule"],
        ["policy", "rule", "tenant.policy"],
        ["policy", "approval", "rule"],
        ["policy", "rule", "rateLimit.perDay", "rateLimit.perHour"],
        ["policy", "rule", "assurance", "assurance"],
    ],
)
def test_another_order_is_no_walk(checks: list[str]) -> None:
    assert not walks(INWARD, [Step(check, "") for check in checks])
