"""What a person's word changes in a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import BOSS, inbound, outbound, policy
from gatepost.decide import approval, settle
from gatepost.decide.ending import Ending
from gatepost.decide.paper import Answered, Disposition, Facts, Outcome, Ruling, Step, Wait
from gatepost.decide.reasons import Reason
from gatepost.ids import EmailId

YES = Ruling(is_approved=True, by="pe_1")
NO = Ruling(is_approved=False, by="pe_1")
PARENT = Answered(EmailId("em_parent"), BOSS, was_proven=True, was_automatic=False)

waits = st.builds(Wait, st.timedeltas(), st.booleans())
endings = st.builds(Ending, st.sampled_from(Disposition), st.sampled_from(Outcome), st.sampled_from(Reason), wait=waits)
rulings = st.builds(Ruling, st.booleans(), st.just("pe_1"), st.booleans())


@given(endings, rulings)
def test_a_word_lets_a_held_message_go_and_nothing_else_through(ending: Ending, ruling: Ruling) -> None:
    after, trace = approval.ruled(ending, (), ruling)
    delivers = after.disposition is Disposition.DELIVER
    is_let_go = ending.disposition is Disposition.HOLD and (ending.wait.is_delivered or not ruling.is_expiry)
    assert delivers == (ruling.is_approved and (is_let_go or ending.disposition is Disposition.DELIVER))
    assert after.disposition is not Disposition.HOLD
    assert [step.check for step in trace] == ["approval"]


@given(endings)
def test_an_approval_leaves_every_other_ending_as_it_is(ending: Ending) -> None:
    after, _ = approval.ruled(ending, (), YES)
    assert after == ending or ending.disposition is Disposition.HOLD


@pytest.mark.parametrize(
    ("ruling", "reason", "said"),
    [
        (YES, Reason.HOLD_APPROVED, "approved"),
        (NO, Reason.HOLD_DENIED, "denied"),
        (Ruling(is_approved=True, by="house", is_expiry=True), Reason.HOLD_EXPIRED_REFUSED, "expired"),
        (Ruling(is_approved=False, by="house", is_expiry=True), Reason.HOLD_EXPIRED_REFUSED, "expired"),
    ],
)
def test_what_a_sandboxed_agent_sends_waits_until_somebody_ruled(ruling: Ruling, reason: Reason, said: str) -> None:
    held = settle(outbound(), None, Facts(answered=PARENT, is_sandboxed=True)).decision
    assert (held.disposition, held.reason) == (Disposition.HOLD, Reason.SANDBOX_HELD)
    ruled = settle(outbound(), None, Facts(answered=PARENT, is_sandboxed=True, ruling=ruling)).decision
    assert ruled.reason is reason
    assert ruled.trace[-1] == Step("approval", said)


def test_a_sandbox_holds_nothing_that_would_be_refused() -> None:
    refused = settle(outbound(), None, Facts(is_sandboxed=True)).decision
    assert refused.reason is Reason.REPLY_UNKNOWN_PARENT


def test_an_approval_of_what_the_policy_refuses_by_now_is_worth_nothing() -> None:
    closed = policy({"address": "somebody@else.example"})
    assert settle(inbound(), closed, Facts(ruling=YES)).decision.reason is Reason.SENDER_UNMATCHED
