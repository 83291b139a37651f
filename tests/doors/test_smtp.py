import pytest
from msgspec.structs import replace

from gatepost.decide.paper import Disposition, Outcome
from gatepost.decide.reasons import Reason
from gatepost.deliver.paper import CarriedOut, Refused
from gatepost.doors.smtp import reply_for
from outbound import inbound, recorded


def carried_out(disposition: Disposition, outcome: Outcome, reason: Reason = Reason.SENDER_UNPROVEN) -> CarriedOut:
    done = recorded(inbound(), disposition)
    decision = replace(done.decision, outcome=outcome, reason=reason, detail="a guard's secret")
    return CarriedOut(replace(done, decided=replace(done.decided, decision=decision)), Refused())


@pytest.mark.parametrize(
    ("disposition", "outcome", "code"),
    [
        (Disposition.DELIVER, Outcome.DELIVERED, "250 2.0.0"),
        (Disposition.HOLD, Outcome.DELIVERED, "250 2.0.0"),
        (Disposition.DISCARD, Outcome.REJECTED_AT_POLICY, "250 2.0.0"),
        (Disposition.REJECT, Outcome.REJECTED_AT_VERIFICATION, "550 5.7.1"),
        (Disposition.REJECT, Outcome.REJECTED_AT_POLICY, "550 5.7.1"),
        (Disposition.REJECT, Outcome.REJECTED_AT_CONTENT_GUARD, "550 5.7.1"),
        (Disposition.DEFER, Outcome.RATE_LIMITED, "450 4.7.1"),
        (Disposition.DEFER, Outcome.BUDGET_EXHAUSTED, "450 4.7.1"),
        (Disposition.DEFER, Outcome.REJECTED_AT_VERIFICATION, "451 4.7.1"),
        (Disposition.DEFER, Outcome.REJECTED_AT_POLICY, "451 4.7.1"),
        (Disposition.DEFER, Outcome.REJECTED_AT_CONTENT_GUARD, "451 4.7.1"),
    ],
)
def test_each_end_has_its_answer(disposition: Disposition, outcome: Outcome, code: str) -> None:
    reply = reply_for(carried_out(disposition, outcome))
    assert f"{reply.code} {reply.enhanced}" == code


def test_mail_that_was_dropped_is_answered_like_mail_that_was_kept() -> None:
    kept = reply_for(carried_out(Disposition.DELIVER, Outcome.DELIVERED))
    assert reply_for(carried_out(Disposition.DISCARD, Outcome.REJECTED_AT_POLICY)) == kept


def test_what_a_rule_defers_is_not_called_too_much() -> None:
    limited = reply_for(carried_out(Disposition.DEFER, Outcome.RATE_LIMITED)).text
    deferred = reply_for(carried_out(Disposition.DEFER, Outcome.REJECTED_AT_POLICY)).text
    assert (limited.partition(",")[0], deferred.partition(",")[0]) == ("Too much for now", "Deferred by policy")


@pytest.mark.parametrize("disposition", list(Disposition))
def test_the_text_names_the_arrival_and_not_the_reason(disposition: Disposition) -> None:
    answers = {reply_for(carried_out(disposition, Outcome.REJECTED_AT_POLICY, reason)).text for reason in Reason}
    [text] = answers  # whatever the reason, a prober reads the same
    assert inbound().email in text
    assert "secret" not in text
