from datetime import timedelta

from gatepost.act.retry import WAITS_S, next_attempt_at
from outbound import NOW


def test_a_receiver_that_restarts_is_told_within_seconds() -> None:
    assert next_attempt_at(1, NOW) == NOW + timedelta(seconds=5)


def test_a_receiver_down_for_two_minutes_hears_within_two_more() -> None:
    assert sum(WAITS_S[:4]) < 120 <= sum(WAITS_S[:5]) < 240


def test_a_receiver_down_for_a_long_week_end_still_hears() -> None:
    assert timedelta(days=2.5) <= timedelta(seconds=sum(WAITS_S)) <= timedelta(days=3.5)


def test_then_it_is_given_up() -> None:
    assert next_attempt_at(len(WAITS_S), NOW) is not None
    assert next_attempt_at(len(WAITS_S) + 1, NOW) is None
