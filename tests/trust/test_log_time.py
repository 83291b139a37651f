from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.ids import LeafIndex
from gatepost.trust.log_time import CLOCK, HOUR, LogTime, Tick
from outbound import NOW

TOLD = (NOW, LeafIndex(0))


def ticks(*hours: float) -> list[Tick]:
    """Return the ticks of these hours after the notice, in the order in which they were stated."""
    return [Tick(NOW + HOUR * hour, LeafIndex(place)) for place, hour in enumerate(hours, 1)]


def log(*hours: float, now: float = 10_000) -> LogTime:
    return LogTime(NOW + HOUR * now, ticks(*hours))


def test_thirty_days_are_seven_hundred_and_twenty_hours_of_leaves() -> None:
    assert log(*range(1, 720)).obstacle(*TOLD) == "notice.running"
    assert log(*range(1, 721)).obstacle(*TOLD) == ""
    assert log().obstacle(*TOLD) == "notice.running"


def test_a_jump_forward_adds_the_hour_it_points_at_and_is_named() -> None:
    assert log(1, 2, 31 * 24).obstacle(*TOLD) == "notice.unwitnessed"
    assert log(1, 2, 31 * 24).passed(*TOLD) == 3 * HOUR
    assert log(1, 2, 31 * 24, *range(3, 700), now=700).obstacle(*TOLD) == "notice.running"  # it was set right again


def test_what_was_dated_ahead_does_not_count_before_its_time_and_not_twice_then() -> None:
    early = [1, 719, 720, *range(2, 719)]
    assert log(*early, now=718).passed(*TOLD) == 718 * HOUR
    assert log(*early, 719, 720).passed(*TOLD) == 720 * HOUR


def test_a_jump_backward_is_harmless() -> None:
    assert log(*range(1, 400), *range(-500, 0), *range(400, 721)).obstacle(*TOLD) == ""
    assert log(*range(1, 400), *range(1, 400)).passed(*TOLD) == 399 * HOUR


def test_a_house_that_was_off_for_a_week_needs_a_week_more() -> None:
    off = [*range(1, 100), *range(100 + 168, 721)]
    assert log(*off).obstacle(*TOLD) == "notice.unwitnessed"
    assert log(*off, *range(721, 721 + 168)).obstacle(*TOLD) == ""


def test_what_was_stated_before_the_notice_or_is_not_in_a_signed_head_is_no_part_of_it() -> None:
    before = [Tick(each.at, LeafIndex(0)) for each in ticks(*range(1, 800))]
    assert LogTime(NOW + CLOCK * 2, before).passed(*TOLD) == timedelta(0)


def test_minutes_do_not_round_up_to_thirty_days() -> None:
    late = (NOW + timedelta(minutes=59), LeafIndex(0))
    assert log(*range(1, 721)).obstacle(*late) == "notice.running"  # 720 hours are named, and a minute is missing
    assert log(*range(1, 722)).obstacle(*late) == ""


@given(st.lists(st.integers(-1_000, 1_000), max_size=30), st.integers(-1_000, 1_000))
def test_each_leaf_adds_an_hour_at_most(hours: list[int], more: int) -> None:
    before, after = log(*hours).passed(*TOLD), log(*hours, more).passed(*TOLD)
    assert before <= after <= before + HOUR
