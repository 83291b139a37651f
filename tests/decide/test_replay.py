"""A decision comes out again from what its entry keeps."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from decide.scene import NOON, content, document, evidence, inbound, policy, unproven
from decide.test_above import documents
from decide.test_above import facts as counted
from gatepost.decide import settle
from gatepost.decide.language import Policy, parse
from gatepost.decide.paper import Counted, Decided, Facts, Ruling
from gatepost.decide.reasons import Reason
from gatepost.decide.replay import Told, Verdict, read, replay, spell
from gatepost.decide.rules import see
from gatepost.verify.paper import Content, Evidence
from verify.test_stored import evidences


def told_by(decided: Decided) -> Told:
    decision = decided.decision
    return Told(decision.disposition.value, decision.outcome.value, decision.reason.value, decision.trace)


def seen_again(decided: Decided, said: Content | None) -> Any:
    written = json.dumps(spell(see(decided.verified, decided.facts), decided.verified))
    return read(json.loads(written), received_at=decided.arrived.received_at, said=said)


def again(found: Evidence, own: Policy, facts: Facts, *, above: Policy | None = None, said: Content | None) -> Verdict:
    decided = settle(inbound(found), own, facts, above=above)
    return replay(seen_again(decided, said), own, above, told_by(decided)).verdict


@given(documents, st.none() | documents, evidences, counted)
def test_the_same_comes_of_the_same(
    own: dict[str, Any], above: dict[str, Any] | None, found: Evidence, facts: Facts
) -> None:
    ours, _ = parse(own, version=1)
    theirs = parse(above, version=2, is_tenant_wide=True)[0] if above else None
    assert again(found, ours, facts, above=theirs, said=found.content) is Verdict.SAME
    without_text = again(found, ours, facts, above=theirs, said=None)
    has_guards = bool(ours.guards or (theirs and theirs.guards))
    assert without_text is Verdict.SAME or (has_guards and without_text is Verdict.UNDECIDABLE)


def test_a_guard_is_not_believed_but_asked_again() -> None:
    guarded = policy(guards=[{"reject": "money", "reason": "r"}])
    bad = evidence(content=content("money"))
    assert again(bad, guarded, Facts(), said=bad.content) is Verdict.SAME
    assert again(bad, guarded, Facts(), said=None) is Verdict.UNDECIDABLE
    assert again(unproven(content=content("money")), guarded, Facts(), said=None) is Verdict.SAME


def test_another_policy_or_another_count_is_seen() -> None:
    limited = policy({"domain": "example.com"}, name="a", rateLimit={"perHour": 2, "per": "rule"})
    facts = Facts(windows={"rule\na": Counted(1, 1)}, is_first_time=True)
    decided = settle(inbound(), limited, facts)
    seen = seen_again(decided, content())
    assert seen.facts == facts
    assert replay(seen, limited, None, told_by(decided)).verdict is Verdict.SAME
    stricter = parse(document(action="hold"), version=1)[0]
    other = replay(seen, stricter, None, told_by(decided))
    assert (other.verdict, other.why) == (Verdict.DIFFERENT, "rule.matched was recorded, rule.held comes of it")
    more = structs.replace(seen, facts=replace(facts, windows={"rule\na": Counted(0, 0)}))
    assert replay(more, limited, None, told_by(decided)).why == "the trace parts at rateLimit.perHour"


def test_what_a_person_said_is_a_fact_like_any_other() -> None:
    held = policy({"domain": "example.com"}, action="hold")
    for is_approved in (True, False):
        assert again(evidence(), held, Facts(ruling=Ruling(is_approved, "ps_1")), said=content()) is Verdict.SAME
    expired = policy({"domain": "example.com"}, action="hold", expiresAt=(NOON + timedelta(hours=1)).isoformat())
    late = Facts(ruling=Ruling(is_approved=True, by="ps_1", at=NOON + timedelta(days=1)))
    assert settle(inbound(), expired, late).decision.reason is Reason.SENDER_UNMATCHED
    assert again(evidence(), expired, late, said=content()) is Verdict.SAME


def test_an_entry_of_somebody_else_is_no_crash() -> None:
    for told in ({}, {"counts": 3}, {"counts": [0] * 5, "past": [None] * 3, "windows": {}, "evidence": {}}):
        try:
            read(told, received_at=NOON, said=None)
        except (LookupError, TypeError, ValueError):
            continue
        raise AssertionError
