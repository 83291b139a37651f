from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.doors.limit import Limiter, Rate

START = datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_a_burst_passes_and_the_next_call_waits_whole_seconds() -> None:
    limiter = Limiter(Rate(per_second=0.5, burst=3))
    assert [limiter.take("ky_a", START) for _ in range(4)] == [0, 0, 0, 2]


def test_a_token_is_back_after_the_wait_that_was_told() -> None:
    limiter = Limiter(Rate(per_second=0.5, burst=1))
    assert limiter.take("ky_a", START) == 0
    wait_s = limiter.take("ky_a", START)
    assert limiter.take("ky_a", START + timedelta(seconds=wait_s)) == 0


def test_one_key_does_not_spend_anothers_tokens() -> None:
    limiter = Limiter(Rate(per_second=1, burst=1))
    assert limiter.take("ky_a", START) == 0
    assert limiter.take("ky_a", START) > 0
    assert limiter.take("ky_b", START) == 0


def test_a_clock_set_back_refills_nothing_and_locks_nobody_out() -> None:
    limiter = Limiter(Rate(per_second=1, burst=1))
    assert limiter.take("ky_a", START) == 0
    earlier = START - timedelta(hours=1)
    assert limiter.take("ky_a", earlier) == 1
    assert limiter.take("ky_a", earlier + timedelta(seconds=1)) == 0


def test_the_memory_of_callers_is_bounded() -> None:
    limiter = Limiter(Rate())
    for number in range(10_050):
        limiter.take(f"ky_{number}", START)
    assert len(limiter._buckets) == 10_000


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=60))
def test_never_more_than_burst_plus_rate_times_time(gaps: list[float]) -> None:
    rate = Rate(per_second=2, burst=5)
    limiter = Limiter(rate)
    now, passed = START, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        passed += limiter.take("ky_a", now) == 0
    assert passed <= rate.burst + rate.per_second * (now - START).total_seconds() + 1e-3
