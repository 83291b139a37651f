from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.deliver.retry import GIVE_UP_AFTER, again_at, next_attempt_at
from outbound import NOW


def test_waits_double_from_five_minutes_to_four_hours() -> None:
    waits = []
    for attempts in range(1, 9):
        again = next_attempt_at(attempts, submitted_at=NOW, now=NOW)
        assert again is not None
        waits.append((again - NOW) / timedelta(minutes=1))
    assert waits == [5, 10, 20, 40, 80, 160, 240, 240]


def test_after_five_days_it_gives_up() -> None:
    just_before = NOW + GIVE_UP_AFTER - timedelta(seconds=1)
    assert next_attempt_at(30, submitted_at=NOW, now=just_before) is not None
    assert next_attempt_at(30, submitted_at=NOW, now=NOW + GIVE_UP_AFTER) is None


def test_a_clock_that_is_ahead_gives_up_nothing() -> None:
    again = next_attempt_at(30, submitted_at=NOW, now=NOW + GIVE_UP_AFTER * 2, past=NOW)
    assert again == NOW + GIVE_UP_AFTER * 2 + timedelta(hours=4)


@given(st.integers(1, 10_000))
def test_no_wait_is_ever_longer_than_four_hours(attempts: int) -> None:
    again = next_attempt_at(attempts, submitted_at=NOW, now=NOW)
    assert again is not None
    assert timedelta(0) < again - NOW <= timedelta(hours=4)


def test_what_nobody_counts_waits_as_long_again_as_it_has_waited() -> None:
    waits, now = [], NOW
    while (again := again_at(since=NOW, now=now)) is not None:
        waits.append((again - now) / timedelta(minutes=1))
        now = again
    assert waits[:9] == [5, 5, 10, 20, 40, 80, 160, 240, 240]
    assert NOW + GIVE_UP_AFTER <= now <= NOW + GIVE_UP_AFTER + timedelta(hours=4)
