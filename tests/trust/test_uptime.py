from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.trust.uptime import Component, Day, Sample, days_of, hours_of, measured_of, share_of

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


NOW = AT + timedelta(hours=5)


def sample(
    minute: int, *, is_up: bool = True, latency_ms: int = 10, part: Component = Component.SMTP, every_s: int = 60
) -> Sample:
    at = AT + timedelta(minutes=minute)
    return Sample(component=part, at=at, is_up=is_up, latency_ms=latency_ms, every_s=every_s)


def today(samples: list[Sample], now: datetime = NOW) -> Day:
    return days_of(hours_of(samples), now)[Component.SMTP][-1]


def test_an_hour_counts_its_probes_and_the_latency_of_those_that_came_back() -> None:
    (hour,) = hours_of([sample(0), sample(1, latency_ms=30), sample(2, latency_ms=20), sample(3, is_up=False)])
    assert (hour.hour, hour.probes, hour.up, hour.p50_ms, hour.p95_ms) == (AT, 4, 3, 20, 20)


def test_an_hour_ends_where_the_next_begins() -> None:
    assert [(each.hour.hour, each.probes) for each in hours_of([sample(59), sample(60)])] == [(12, 1), (13, 1)]


@given(st.lists(st.tuples(st.integers(-100_000, 0), st.booleans()), max_size=40))
def test_no_probe_is_lost_between_hours_and_days(seen: list[tuple[int, bool]]) -> None:
    samples = [sample(minute, is_up=is_up) for minute, is_up in seen]
    days = days_of(hours_of(samples), AT).get(Component.SMTP, [])
    assert sum(day.probes for day in days) == len(samples)
    if samples:
        due = len(samples) + sum(day.unprobed for day in days)
        assert share_of(days) == sum(each.is_up for each in samples) / due


def test_a_day_that_nobody_measured_has_no_share() -> None:
    days = days_of(hours_of([sample(0)]), AT)[Component.SMTP]
    assert len(days) == 90
    assert days[0].share is None
    assert days[-1].share == 1.0
    assert share_of(days[:-1]) is None


def test_a_stretch_that_nobody_probed_does_not_count_as_up() -> None:
    """A house that was off from ten past one until ten to four: two whole hours, and most of those beside them."""
    minutes = [*range(70), *range(230, 300)]
    day = today([sample(minute) for minute in minutes])
    assert (day.probes, day.up, day.unprobed) == (140, 140, 50 + 60 + 50)
    assert share_of([day]) == day.share == 140 / 300
    assert measured_of([day]) == day.measured == 140 / 300


def test_hours_that_are_all_half_empty_are_not_whole_ones() -> None:
    """A house that is stopped for most of each hour, again and again."""
    minutes = [minute for minute in range(5 * 60) if minute % 60 < 12]
    day = today([sample(minute) for minute in minutes])
    assert (day.probes, day.unprobed) == (60, 4 * 48)  # of the first hour nobody knows when it began
    slower = today([sample(minute, every_s=300) for minute in minutes])
    assert (slower.probes, slower.unprobed, slower.measured) == (60, 0, 1.0)


def test_the_cadence_in_force_counts_and_of_two_in_an_hour_the_faster() -> None:
    made = [sample(minute) for minute in range(60)]
    one_an_hour = [sample(60 + at, every_s=every_s) for at, every_s in ((0, 60), (59, 3600))]
    assert today(made + one_an_hour).unprobed == 58
    assert today([*made, sample(60, every_s=3600)]).unprobed == 0


def test_a_day_in_which_the_house_was_off_is_a_gap_and_not_uptime() -> None:
    before = [sample(minute - 26 * 60) for minute in range(60)]
    yesterday, day = days_of(hours_of([*before, *(sample(minute) for minute in range(60))]), NOW)[Component.SMTP][-2:]
    assert (yesterday.probes, yesterday.unprobed) == (60, 13 * 60)
    assert (day.probes, day.unprobed, day.share) == (60, 12 * 60, 60 / 780)


def test_days_before_which_a_house_was_off_are_not_left_out() -> None:
    hours = hours_of([sample(-100 * 24 * 60), sample(0)])
    days = days_of(hours, NOW)[Component.SMTP]
    assert [day.unprobed for day in days[:2]] == [24 * 60, 24 * 60]
    assert share_of(days[:-1]) == measured_of(days[:-1]) == 0


def test_of_the_first_hour_and_the_one_under_way_nothing_is_missed() -> None:
    day = today([sample(minute) for minute in range(50, 125)], AT + timedelta(minutes=125))
    assert (day.probes, day.unprobed) == (75, 0)
    slow = [sample(minute) for minute in range(180) if minute % 12 or not 60 <= minute < 120]  # one in twelve too late
    assert today(slow).unprobed == 0
