"""Machines that answer each other stop by rule."""

import pytest

from gatepost.decide import loops
from gatepost.decide.outbound_language import Limit
from gatepost.decide.paper import Counted, Disposition
from gatepost.decide.reasons import Reason
from gatepost.verify.paper import AutoMail


def test_a_machine_is_answered_only_where_the_policy_says_so() -> None:
    refused = loops.judge_machine(AutoMail(), Disposition.REJECT)
    held = loops.judge_machine(AutoMail(), Disposition.HOLD)
    assert refused is not None
    assert held is not None
    assert (refused.disposition, refused.reason) == (Disposition.REJECT, Reason.REPLY_AUTOMATIC_PARENT)
    assert held.disposition is Disposition.HOLD
    assert loops.judge_machine(AutoMail(), Disposition.DELIVER) is None


def test_a_machine_that_was_answered_often_is_not_answered_again_whatever_the_policy_says() -> None:
    assert loops.judge_machine(AutoMail(own_references=loops.OWN_IDS_MAX), Disposition.DELIVER) is None
    ended = loops.judge_machine(AutoMail(own_references=loops.OWN_IDS_MAX + 1), Disposition.DELIVER)
    assert ended is not None
    assert (ended.disposition, ended.reason) == (Disposition.REJECT, Reason.REPLY_LOOP)


@pytest.mark.parametrize(
    ("replies", "recipient", "is_capped", "is_answer", "brakes"),
    [
        (Counted(20, 100), Counted(), False, True, False),
        (Counted(21, 21), Counted(), False, True, True),
        (Counted(1, 101), Counted(), False, True, True),
        (Counted(21, 21), Counted(), True, True, False),
        (Counted(1, 1), Counted(60, 500), True, False, False),
        (Counted(1, 1), Counted(61, 61), True, False, True),
        (Counted(1, 1), Counted(1, 501), True, False, True),
        (Counted(1, 1), Counted(60, 100), True, True, False),
        (Counted(1, 1), Counted(1, 101), True, True, True),
    ],
)
def test_ping_pong_is_braked(
    *, replies: Counted, recipient: Counted, is_capped: bool, is_answer: bool, brakes: bool
) -> None:
    ending = loops.judge_pace(replies, recipient, is_capped=is_capped, is_answer=is_answer)
    assert (ending is not None) == brakes
    if ending:
        assert (ending.disposition, ending.reason) == (Disposition.DEFER, Reason.SEND_PING_PONG)


def test_a_limit_is_passed_by_one_more_than_it_allows() -> None:
    assert not Limit(hour=1, day=1).is_passed(Counted(1, 1))
    assert Limit(hour=1).is_passed(Counted(2, 2))
    assert Limit(day=1).is_passed(Counted(0, 2))
    assert Limit(hour=0).is_passed(Counted(1, 1))
    assert not Limit().is_passed(Counted(10**9, 10**9))
