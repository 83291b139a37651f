from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.act.paper import Health
from gatepost.act.retry import (
    ASKED_MAX_S,
    JITTER,
    REST_MAX_S,
    STOP_AFTER,
    STRIKES,
    WAITS_S,
    WARN_AFTER,
    heard,
    is_hopeless,
    next_attempt_at,
    unheard,
)
from outbound import NOW

chances = st.floats(0, 1)


def test_a_receiver_that_restarts_is_told_within_seconds() -> None:
    assert next_attempt_at(1, NOW, chance=0.5) == NOW + timedelta(seconds=5)


def test_a_receiver_down_for_two_minutes_hears_within_two_more() -> None:
    assert sum(WAITS_S[:4]) < 120 <= sum(WAITS_S[:5]) < 240


def test_a_receiver_down_for_a_long_week_end_still_hears() -> None:
    assert timedelta(days=2.5) <= timedelta(seconds=sum(WAITS_S)) <= timedelta(days=3.5)


def test_then_it_is_given_up() -> None:
    assert next_attempt_at(len(WAITS_S), NOW, chance=0.5) is not None
    assert next_attempt_at(len(WAITS_S) + 1, NOW, chance=0.5) is None


@given(attempts=st.integers(1, len(WAITS_S)), chance=chances)
def test_waits_stray_by_a_fifth_and_no_more(attempts: int, chance: float) -> None:
    at = next_attempt_at(attempts, NOW, chance=chance)
    assert at is not None
    assert abs((at - NOW).total_seconds() / WAITS_S[attempts - 1] - 1) <= JITTER + 1e-6


@given(chance=chances)
def test_a_receiver_may_ask_for_patience_within_bounds(chance: float) -> None:
    assert next_attempt_at(1, NOW, chance=chance, asked_s=100) == NOW + timedelta(seconds=100)
    assert next_attempt_at(1, NOW, chance=chance, asked_s=10**6) == NOW + timedelta(seconds=ASKED_MAX_S)


def test_an_endpoint_rests_from_the_third_failure_on_and_never_long() -> None:
    health = Health()
    for failures in range(1, 30):
        health = unheard(health, NOW, chance=1)
        assert (health.due_at is None) == (failures < STRIKES)
    assert health.due_at is not None
    assert health.due_at - NOW <= timedelta(seconds=REST_MAX_S * (1 + JITTER))
    assert heard() == Health()


@pytest.mark.parametrize(("after", "is_warned"), [(timedelta(minutes=59), False), (WARN_AFTER, True)])
def test_an_endpoint_that_fails_for_an_hour_is_warned_of_once(after: timedelta, is_warned: bool) -> None:  # noqa: FBT001  # a parameter
    health = unheard(unheard(Health(), NOW, chance=0.5), NOW + after, chance=0.5)
    assert (health.warned_at is not None) == is_warned
    assert unheard(health, NOW + 2 * after, chance=0.5).warned_at in {health.warned_at, NOW + 2 * after}


def test_three_days_without_an_answer_are_hopeless() -> None:
    health = unheard(Health(), NOW, chance=0.5)
    assert not is_hopeless(health, NOW + STOP_AFTER - timedelta(seconds=1))
    assert is_hopeless(health, NOW + STOP_AFTER)
    assert not is_hopeless(heard(), NOW + STOP_AFTER)
