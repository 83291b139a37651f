"""The tenant's policy above a mailbox's: it can only tighten."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import BOSS, content, document, evidence, inbound, policy, unproven
from gatepost.decide import settle
from gatepost.decide.above import intersect
from gatepost.decide.language import Policy, parse
from gatepost.decide.paper import Counted, Decision, Disposition, Facts, TokenBudget
from gatepost.decide.reasons import Reason
from gatepost.decide.together import Recalled, settle_all
from gatepost.verify.paper import Evidence, Injection


def wide(match: dict[str, Any] | None = None, *, version: int = 3, guards: Any = (), **rule: Any) -> Policy:
    written = {**document(match or {"anyone": True, "assurance": "none"}, **rule), "contentGuards": list(guards)}
    return parse(written, version=version, is_tenant_wide=True)[0]


def decide(own: Policy, above: Policy | None, found: Evidence | None = None, facts: Facts | None = None) -> Decision:
    return settle(inbound(found), own, facts or Facts(), above=above).decision


def test_what_both_let_in_gets_what_both_grant() -> None:
    own = policy(capabilities=["a", "b", "c"], tokenBudget={"perThread": 10, "perDay": 5}, labels=["mine"])
    above = wide(capabilities=["c", "b", "x"], tokenBudget={"perDay": 9, "perMessage": 1}, labels=["all"])
    decision = decide(own, above)
    assert decision.grant is not None
    assert decision.grant.capabilities == ("b", "c")
    assert decision.grant.budget == TokenBudget(per_message=1, per_thread=10, per_day=5)
    assert decision.labels == ("mine", "all")
    assert (decision.policy_version, decision.tenant_policy_version) == (1, 3)
    assert (decision.policy_digest, decision.tenant_policy_digest) == (own.digest, above.digest)


def test_a_star_above_grants_whatever_the_mailbox_does_and_no_more() -> None:
    assert (
        decide(policy(capabilities=["a"]), wide(capabilities=["*"])).grant
        == decide(policy(capabilities=["a"]), None).grant
    )
    assert wide(capabilities=["*"]).warnings == ()
    assert policy(capabilities=["*"]).warnings == ("unknown_capability:*",)


def test_both_may_call_a_capability_by_either_of_its_names() -> None:
    granted = decide(policy(capabilities=["read_calendar"]), wide(capabilities=["calendar.read"])).grant
    assert granted is not None
    assert granted.capabilities == ("read_calendar",)


@pytest.mark.parametrize(
    ("own", "above", "expected"),
    [
        ("deliver", "hold", Reason.RULE_HELD),
        ("reject", "hold", Reason.RULE_REJECTED),
        ("discard", "reject", Reason.RULE_REJECTED),
        ("defer", "hold", Reason.RULE_DEFERRED),
        ("deliver", "deliver", Reason.RULE_MATCHED),
    ],
)
def test_the_stricter_of_both_counts(own: str, above: str, expected: Reason) -> None:
    assert decide(policy(action=own), wide(action=above)).reason is expected


def test_the_trace_tells_both_the_tenants_first() -> None:
    trace = [(step.check, step.result) for step in decide(policy(), wide()).trace]
    assert trace == [
        ("tenant.policy", "version 3"),
        ("tenant.rule", "senders[0]"),
        ("tenant.assurance", "none pass"),
        ("policy", "version 1"),
        ("rule", "senders[0]"),
        ("assurance", "aligned pass"),
    ]


def test_a_mailbox_without_a_policy_stays_shut() -> None:
    decision = settle(inbound(), None, Facts(), above=wide()).decision
    assert decision.reason is Reason.POLICY_MISSING


def test_rules_of_one_name_above_and_below_have_windows_of_their_own() -> None:
    limit = {"perHour": 1, "per": "rule"}
    own, above = policy(name="all", rateLimit=limit), wide(name="all", rateLimit=limit)
    assert own.rules[0].window_of(BOSS) != above.rules[0].window_of(BOSS)


assurances = st.sampled_from(["aligned", "dmarc", "dmarcOrAligned", "none"])
rules = st.fixed_dictionaries(
    {
        "match": st.one_of(
            st.builds(lambda word: {"anyone": True, "assurance": word}, assurances),
            st.builds(lambda word: {"domain": "example.com", "assurance": word}, assurances),
        ),
        "action": st.sampled_from(Disposition),
        "capabilities": st.lists(st.sampled_from(["a", "b", "c", "*"]), max_size=3),
    },
    optional={
        "when": st.fixed_dictionaries({}, optional={"injectionScore": st.just({"atLeast": 0.5}), "tls": st.booleans()}),
        "rateLimit": st.builds(lambda limit: {"perHour": limit}, st.integers(0, 3)),
        "tokenBudget": st.builds(lambda limit: {"perThread": limit}, st.integers(0, 3)),
        "labels": st.lists(st.sampled_from(["x", "y"]), max_size=2),
    },
)
guards = st.fixed_dictionaries(
    {"reject": st.sampled_from(["hello", "money"]), "reason": st.just("r")},
    optional={"action": st.sampled_from([each for each in Disposition if each is not Disposition.DELIVER])},
)
documents = st.fixed_dictionaries(
    {
        "defaultAction": st.sampled_from(["bounce", "drop"]),
        "senders": st.lists(rules, max_size=3),
        "contentGuards": st.lists(guards, max_size=2),
        "auditLog": st.just({"retentionDays": 1}),
    }
)
found = st.builds(
    lambda prove, score, text: prove(injection=Injection(score), content=content(text)),
    st.sampled_from([evidence, unproven]),
    st.sampled_from([0.0, 0.9]),
    st.sampled_from(["hello", "money", "else"]),
)
facts = st.builds(Facts, messages_hour=st.integers(0, 4), tokens_thread=st.integers(0, 4))


@given(documents, documents, found, facts)
def test_together_they_are_as_strict_as_the_stricter_and_grant_what_both_grant(
    own: dict[str, Any], above: dict[str, Any], seen: Evidence, counted: Facts
) -> None:
    ours, _ = parse(own, version=1)
    theirs, _ = parse(above, version=2, is_tenant_wide=True)
    alone, over = decide(ours, None, seen, counted), decide(theirs, None, seen, counted)
    together = decide(ours, theirs, seen, counted)
    assert together.disposition.strictness == max(alone.disposition.strictness, over.disposition.strictness)
    assert together.reason in {alone.reason, over.reason}
    if together.grant is None:
        assert together.disposition is not Disposition.DELIVER
        return
    assert alone.grant is not None
    assert over.grant is not None
    assert set(together.grant.capabilities) <= set(alone.grant.capabilities)
    assert "*" in over.grant.capabilities or set(together.grant.capabilities) <= set(over.grant.capabilities)
    for each in (alone.grant, over.grant):
        assert together.grant.budget.tightened(each.budget) == together.grant.budget


@given(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["author", "domain", "rule"]))
def test_of_two_limits_the_lower_one_holds(own: int, above: int, per: str) -> None:
    ours = policy({"domain": "example.com"}, name="a", rateLimit={"perHour": own})
    theirs = wide(name="a", rateLimit={"perHour": above, "per": per})
    window = theirs.rules[0].window_of(BOSS)
    known = Facts(windows={window: Counted()} if window else {})
    recalled = [Recalled(ours, known, is_counted=True, above=theirs)] * 6
    delivered = [
        one.decision.disposition for one in settle_all([inbound(evidence(author=BOSS)) for _ in recalled], recalled)
    ].count(Disposition.DELIVER)
    assert delivered == min(own, above)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc*")))
def test_nobody_is_granted_what_the_mailbox_does_not_grant(own: list[str], above: list[str]) -> None:
    assert set(intersect(own, above)) <= set(own)
