from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.trust.reading import LOOK_MAX, PERIOD, SHARED, Reading, after, begun, chosen
from outbound import NOW

MINUTES = timedelta(minutes=5)


def look(reading: Reading, bundles: int, logs: int, minutes: float = 5) -> tuple[Reading, list[int]]:
    now = reading.looked_at + timedelta(minutes=minutes)
    read = chosen(reading, bundles, logs, now)
    return after(reading, read, bundles, now, bad=(), heads=()), read


@given(st.integers(1, 20_000), st.integers(1, 2_000))
def test_within_a_day_every_bundle_is_read_and_each_once_a_pass(bundles: int, logs: int) -> None:
    reading, seen = begun(NOW), list[int]()
    while reading.whole_at is None:
        reading, read = look(reading, bundles, logs)
        seen += read
    assert seen == list(range(bundles))
    assert reading.looked_at - NOW <= PERIOD
    assert not reading.is_late(reading.looked_at + PERIOD)


def test_a_small_log_is_read_wholly_at_each_look_and_a_large_one_in_parts() -> None:
    assert look(begun(NOW), SHARED, 1)[1] == list(range(SHARED))
    assert look(begun(NOW), SHARED, 64)[1] == list(range(SHARED // 64))
    assert len(look(begun(NOW), 10**6, 1, minutes=10_000)[1]) == LOOK_MAX


def test_what_was_not_read_for_two_days_is_late() -> None:
    reading = begun(NOW)
    assert not reading.is_late(NOW + 2 * PERIOD)
    assert reading.is_late(NOW + 2 * PERIOD + MINUTES)


def test_a_log_that_is_shorter_than_it_was_is_read_from_its_beginning() -> None:
    assert chosen(Reading(next_bundle=9, looked_at=NOW, since=NOW), 3, 1000, NOW) == [0]
