"""How long a message waits for a person, and what silence does."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import AGENT, BOSS, NOON, document, evidence, inbound, outbound, policy
from decide.scene import content as saying
from gatepost.decide import PolicyError, settle
from gatepost.decide.language import Policy, parse
from gatepost.decide.lint import lint
from gatepost.decide.paper import USUAL_WAIT, Answered, Decision, Disposition, Facts, Ruling, Wait
from gatepost.decide.reasons import Reason
from gatepost.decide.told import tell
from gatepost.decide.widening import Verdict, compare
from gatepost.ids import EmailId

waits = st.builds(Wait, st.timedeltas(timedelta(hours=1), timedelta(days=30)), st.booleans())
LET_GO = {"expiresAfter": "12h", "then": "deliver"}
PARENT = Answered(EmailId("em_parent"), BOSS, was_proven=True, was_automatic=False)
SILENCE = Ruling(is_approved=True, by="house", is_expiry=True)


def held(wait: Any, **changes: Any) -> Decision:
    return settle(inbound(), policy(action="hold", hold=wait, **changes), Facts()).decision


@given(waits, waits)
def test_two_waits_together_let_nothing_go_that_one_of_them_still_keeps(one: Wait, other: Wait) -> None:
    both = one.tightened(other)
    assert both == other.tightened(one)
    assert both.tightened(one) == both
    assert not both.lets_go_before(one)
    assert both.is_delivered == (one.is_delivered and other.is_delivered)
    assert both.is_delivered or both.lasts <= one.lasts


@given(waits, waits)
def test_of_two_waits_one_lets_go_before_the_other_or_neither_does(one: Wait, other: Wait) -> None:
    assert not (one.lets_go_before(other) and other.lets_go_before(one))
    assert one.lets_go_before(other) == (one.is_delivered and one.tightened(other) != one)


@pytest.mark.parametrize(
    ("written", "wait"),
    [
        (None, USUAL_WAIT),
        ({"expiresAfter": "12h"}, Wait(timedelta(hours=12))),
        ({"expiresAfter": "30d", "then": "refuse"}, Wait(timedelta(days=30))),
        ({"then": "deliver"}, Wait(USUAL_WAIT.lasts, is_delivered=True)),
        (LET_GO, Wait(timedelta(hours=12), is_delivered=True)),
    ],
)
def test_a_rule_says_how_long_and_what_then(written: Any, wait: Wait) -> None:
    found = held(written)
    assert (found.disposition, found.wait) == (Disposition.HOLD, wait)


def test_silence_refuses_where_nothing_is_said() -> None:
    assert not USUAL_WAIT.is_delivered


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"expiresAfter": 12},
        {"expiresAfter": "0h"},
        {"expiresAfter": "31d"},
        {"expiresAfter": "1w"},
        {"then": "drop"},
    ],
)
def test_what_is_no_wait_is_refused(written: Any) -> None:
    with pytest.raises(PolicyError, match=r"senders\[0\]\.hold"):
        policy(action="hold", hold=written)


def test_silence_delivers_only_what_the_rule_holds_by_its_action() -> None:
    with pytest.raises(PolicyError, match='only beside the action "hold"'):
        policy(hold=LET_GO)
    assert policy(hold={"expiresAfter": "1d"}).rules[0].wait == Wait(timedelta(days=1))


def test_what_a_guard_holds_is_never_let_go_by_silence() -> None:
    guard = {"reject": "prize", "reason": "scam", "action": "hold"}
    spam = inbound(evidence(content=saying("A prize for you")))
    for action in ("hold", "deliver"):
        hold = LET_GO if action == "hold" else {"expiresAfter": "12h"}
        found = settle(spam, policy(action=action, hold=hold, guards=[guard]), Facts()).decision
        assert (found.disposition, found.wait) == (Disposition.HOLD, Wait(timedelta(hours=12)))


def test_the_tenants_policy_can_only_tighten_the_wait_and_a_mailboxs_cannot_loosen_its() -> None:
    own = policy(action="hold", hold={"expiresAfter": "3d", "then": "deliver"})
    three_days = Wait(timedelta(days=3), is_delivered=True)
    for above, wait in (
        (policy(action="hold", hold={"expiresAfter": "1d", "then": "refuse"}), Wait(timedelta(days=1))),
        (
            policy(action="hold", hold={"expiresAfter": "9d", "then": "deliver"}),
            Wait(timedelta(days=9), is_delivered=True),
        ),
        (policy(action="hold", hold={"expiresAfter": "1d", "then": "deliver"}), three_days),
        (policy(), three_days),
    ):
        assert settle(inbound(), own, Facts(), above=above).decision.wait == wait
    only_above = settle(inbound(), policy(), Facts(), above=policy(action="hold")).decision
    assert (only_above.disposition, only_above.wait) == (Disposition.HOLD, USUAL_WAIT)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (LET_GO, Reason.HOLD_EXPIRED_DELIVERED),
        (None, Reason.HOLD_EXPIRED_REFUSED),
        ({"expiresAfter": "12h"}, Reason.HOLD_EXPIRED_REFUSED),
    ],
)
def test_silence_delivers_only_where_the_policy_in_force_still_says_so(now: Any, reason: Reason) -> None:
    decided = settle(inbound(), policy(action="hold", hold=now), Facts(ruling=SILENCE)).decision
    assert decided.reason is reason


def sending(
    hold: Any, text: str = "hello", *, is_sandboxed: bool = False, parent: Answered = PARENT, **stops: Any
) -> Decision:
    compiled: Policy = parse({**document(), "outbound": {"hold": hold, **stops}}, version=1)[0]
    message = outbound()
    found = evidence(author=AGENT, auth=True, is_aligned=False, dkim=(), content=saying(text))
    facts = Facts(answered=parent, is_sandboxed=is_sandboxed)
    return settle(type(message)(message.arrived, found), compiled, facts).decision


def test_what_is_sent_waits_as_outbound_says() -> None:
    found = sending(LET_GO, external="hold")
    assert (found.disposition, found.wait) == (Disposition.HOLD, Wait(timedelta(hours=12), is_delivered=True))


def test_silence_lets_no_secret_out_whichever_gate_held_it_first() -> None:
    found = sending(LET_GO, "DE89 3704 0044 0532 0130 00", ibans="hold", external="hold", toMachines="hold")
    assert (found.disposition, found.wait) == (Disposition.HOLD, Wait(timedelta(hours=12)))
    machine = Answered(EmailId("em_parent"), BOSS, was_proven=True, was_automatic=True)
    found = sending(LET_GO, "DE89 3704 0044 0532 0130 00", parent=machine, ibans="hold", toMachines="hold")
    assert found.reason is not Reason.LEAK_IBAN
    assert (found.disposition, found.wait) == (Disposition.HOLD, Wait(timedelta(hours=12)))


def test_silence_lets_nothing_out_of_a_sandbox() -> None:
    found = sending(LET_GO, is_sandboxed=True)
    assert (found.disposition, found.reason, found.wait) == (
        Disposition.HOLD,
        Reason.SANDBOX_HELD,
        Wait(timedelta(hours=12)),
    )


def test_delivering_by_silence_is_told_and_warned_of() -> None:
    draft = parse({**document(action="hold", hold=LET_GO), "outbound": {"hold": {"then": "deliver"}}}, version=1)[0]
    found = [(each.code, each.path) for each in lint(draft, now=NOON)]
    assert found == [("hold.silence", "senders[0].hold.then"), ("hold.silence", "outbound.hold.then")]
    assert any("12 hours, then is delivered" in sentence for sentence in tell(draft))
    assert lint(policy(action="hold", hold={"expiresAfter": "1d"}), now=NOON) == []


def test_delivering_by_silence_is_wider_than_refusing() -> None:
    quiet, loud = policy(action="hold", hold=LET_GO), policy(action="hold")
    assert compare(loud, quiet).verdict is Verdict.WIDER
    assert compare(quiet, loud).verdict is Verdict.NOT_WIDER
    assert compare(policy(), quiet).verdict is Verdict.NOT_WIDER


def test_letting_go_sooner_is_wider_and_later_is_not() -> None:
    soon, late = (policy(action="hold", hold={**LET_GO, "expiresAfter": each}) for each in ("1h", "30d"))
    assert compare(late, soon).verdict is Verdict.WIDER
    assert compare(soon, late).verdict is Verdict.NOT_WIDER
