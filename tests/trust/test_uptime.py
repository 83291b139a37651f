from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.trust.uptime import Component, Sample, days_of, hours_of, share_of

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def sample(minute: int, *, is_up: bool = True, latency_ms: int = 10, part: Component = Component.SMTP) -> Sample:
    return Sample(component=part, at=AT + timedelta(minutes=minute), is_up=is_up, latency_ms=latency_ms)


def test_an_hour_counts_its_probes_and_the_latency_of_those_that_came_back() -> None:
    (hour,) = hours_of([sample(0), sample(1, latency_ms=30), sample(2, latency_ms=20), sample(3, is_up=False)])
    assert (hour.hour, hour.probes, hour.up, hour.p50_ms, hour.p95_ms) == (AT, 4, 3, 20, 20)


def test_an_hour_ends_where_the_next_begins() -> None:
    assert [(each.hour.hour, each.probes) for each in hours_of([sample(59), sample(60)])] == [(12, 1), (13, 1)]


@given(st.lists(st.tuples(st.integers(-100_000, 0), st.booleans()), max_size=40))
def test_no_probe_is_lost_between_hours_and_days(seen: list[tuple[int, bool]]) -> None:
    samples = [sample(minute, is_up=is_up) for minute, is_up in seen]
    days = days_of(hours_of(samples), date(2026, 11, 20)).get(Component.SMTP, [])
    assert sum(day.probes for day in days) == len(samples)
    if samples:
        due = len(samples) + sum(day.unprobed for day in days)
        assert share_of(days) == sum(each.is_up for each in samples) / due


def test_a_day_that_nobody_measured_has_no_share() -> None:
    days = days_of(hours_of([sample(0)]), date(2026, 11, 20))[Component.SMTP]
    assert len(days) == 90
    assert days[0].share is None
    assert days[-1].share == 1.0
    assert share_of(days[:-1]) is None


def test_a_stretch_that_nobody_probed_does_not_count_as_up() -> None:
    """A house that was off from ten past one until ten to four: two whole hours, and most of those beside them."""
    minutes = [*range(70), *range(230, 300)]
    (day,) = days_of(hours_of([sample(minute) for minute in minutes]), AT.date())[Component.SMTP][-1:]
    assert (day.probes, day.up, day.unprobed) == (140, 140, 50 + 60 + 50)
    assert share_of([day]) == day.share == 140 / 300


def test_of_the_first_hour_and_the_one_under_way_nothing_is_missed() -> None:
    (day,) = days_of(hours_of([sample(minute) for minute in range(50, 125)]), AT.date())[Component.SMTP][-1:]
    assert (day.probes, day.unprobed) == (75, 0)
    slow = [sample(minute) for minute in range(180) if minute % 12 or not 60 <= minute < 120]  # one in twelve too late
    assert days_of(hours_of(slow), AT.date())[Component.SMTP][-1].unprobed == 0
