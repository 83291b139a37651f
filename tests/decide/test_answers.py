"""Whom an agent may answer."""

from typing import Any

import pytest

from decide.scene import AGENT, BOSS, outbound, policy
from gatepost.decide.paper import Answered, Disposition, Facts
from gatepost.decide.reasons import Reason
from gatepost.decide.rules import settle
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.verify.paper import Verified


def answered(**changes: Any) -> Facts:
    values: dict[str, Any] = {"author": BOSS, "was_proven": True, "was_automatic": False, **changes}
    return Facts(answered=Answered(email=EmailId("em_parent"), **values))


def answer(verified: Verified, facts: Facts) -> tuple[Disposition, Reason]:
    decision = settle(verified, policy(), facts).decision
    assert decision.policy_version == 0
    return decision.disposition, decision.reason


SALES = Address("sales", "mail.example.com")


@pytest.mark.parametrize(
    ("verified", "facts", "expected"),
    [
        (outbound(), answered(), (Disposition.DELIVER, Reason.REPLY_TO_AUTHOR)),
        (outbound([Address("Boss", "example.com")]), answered(), (Disposition.DELIVER, Reason.REPLY_TO_AUTHOR)),
        (outbound(), Facts(), (Disposition.REJECT, Reason.REPLY_UNKNOWN_PARENT)),
        (outbound([AGENT]), answered(), (Disposition.REJECT, Reason.REPLY_FOREIGN_RECIPIENT)),
        (outbound([BOSS, AGENT]), answered(), (Disposition.REJECT, Reason.REPLY_FOREIGN_RECIPIENT)),
        (outbound([]), answered(), (Disposition.REJECT, Reason.REPLY_FOREIGN_RECIPIENT)),
        (outbound([SALES]), answered(reply_to=(SALES,)), (Disposition.DELIVER, Reason.REPLY_TO_AUTHOR)),
        (outbound([AGENT]), answered(reply_to=(AGENT,)), (Disposition.REJECT, Reason.REPLY_FOREIGN_RECIPIENT)),
        (outbound(), answered(was_proven=False), (Disposition.REJECT, Reason.REPLY_UNPROVEN_PARENT)),
        (outbound(), answered(was_automatic=True), (Disposition.REJECT, Reason.REPLY_AUTOMATIC_PARENT)),
        (outbound(auth=False), answered(), (Disposition.REJECT, Reason.SENDER_UNPROVEN)),
        (outbound(is_notice=True), answered(), (Disposition.DELIVER, Reason.BOUNCE_TO_AUTHOR)),
        (
            outbound(is_notice=True),
            answered(was_proven=False),
            (Disposition.REJECT, Reason.BOUNCE_UNVERIFIED_SENDER),
        ),
        (
            outbound(is_notice=True),
            answered(was_automatic=True),
            (Disposition.REJECT, Reason.BOUNCE_AUTOMATIC_SENDER),
        ),
        (
            outbound([SALES], is_notice=True),
            answered(reply_to=(SALES,)),
            (Disposition.REJECT, Reason.REPLY_FOREIGN_RECIPIENT),
        ),
    ],
)
def test_an_answer_goes_to_the_proven_author_and_to_nobody_else(
    verified: Verified, facts: Facts, expected: tuple[Disposition, Reason]
) -> None:
    assert answer(verified, facts) == expected
