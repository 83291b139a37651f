"""Whoever is refused is told what to do."""

import pytest

from gatepost.decide.reasons import Reason
from gatepost.doors.rest.refusals import ADVICE, LATER, advice, is_for_now

OUTBOUND = ("reply", "bounce", "recipient", "attachment", "footer", "leak", "send")
LET_OUT = {Reason.REPLY_TO_AUTHOR, Reason.BOUNCE_TO_AUTHOR, Reason.SEND_LISTED}


@pytest.mark.parametrize("reason", [each for each in Reason if each.partition(".")[0] in OUTBOUND])
def test_every_reason_of_outbound_mail_has_its_advice(reason: Reason) -> None:
    assert (reason in ADVICE) != (reason in LET_OUT)


def test_advice_is_one_sentence_or_two() -> None:
    assert all(text.endswith(".") and len(text) < 120 for text in ADVICE.values())


def test_an_unknown_reason_has_none() -> None:
    assert (advice("no.such"), advice("policy.missing"), is_for_now("no.such")) == ("", "", False)


def test_what_time_takes_away_is_told_apart() -> None:
    assert {each for each in Reason if is_for_now(each.value)} == LATER
