import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.act.hosted.calendars import (
    Calendar,
    CalendarError,
    Period,
    busy,
    event,
    free,
    free_busy_query,
    period_of,
    read_calendars,
)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, tzinfo=UTC)


DAY = at(8), at(18)


def answer(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VFREEBUSY", *lines, "END:VFREEBUSY", "END:VCALENDAR"]).encode()


def test_calendars_are_declared_by_name() -> None:
    named = read_calendars('[[calendar]]\nname = "work"\nurl = "https://dav.example/work/"')
    assert named == {"work": Calendar(name="work", url="https://dav.example/work/")}


@pytest.mark.parametrize(
    "text",
    [
        "[[calendar",
        "[[calendars]]",
        '[[calendar]]\nname = "a b"\nurl = "https://dav.example/"',
        '[[calendar]]\nname = "a"\nurl = "dav.example"',
        '[[calendar]]\nname = "a"\nurl = "https://d.example/"\n' * 2,
    ],
)
def test_what_cannot_be_used_is_no_declaration(text: str) -> None:
    with pytest.raises(CalendarError):
        read_calendars(text)


def test_a_range_is_read_with_its_offset() -> None:
    assert period_of("2026-11-21T09:00:00+01:00", "2026-11-21T18:00:00Z") == DAY


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-21T09:00:00", "2026-11-21T10:00:00"),
        ("2026-11-21T10:00:00Z", "2026-11-21T09:00:00Z"),
        ("2026-11-21T10:00:00Z", "2027-11-21T09:00:00Z"),
        ("tomorrow", "2026-11-21T09:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T01:00:00Z"),
    ],
)
def test_a_range_that_makes_no_sense_is_told(start: str, end: str) -> None:
    with pytest.raises(CalendarError):
        period_of(start, end)


def test_the_query_names_the_range_in_utc() -> None:
    assert b'start="20261121T080000Z" end="20261121T180000Z"' in free_busy_query(DAY)


def test_busy_times_are_merged_and_cut_to_the_range() -> None:
    told = answer(
        "FREEBUSY;FBTYPE=BUSY:20261121T070000Z/PT2H,20261121T1",
        " 00000Z/20261121T110000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261121T103000Z/20261121T120000Z",
        "FREEBUSY;FBTYPE=FREE:20261121T140000Z/20261121T150000Z",
        "FREEBUSY:20261122T100000Z/20261122T110000Z",
    )
    assert busy(told, DAY) == [(at(8), at(9)), (at(10), at(12))]


@pytest.mark.parametrize(
    "told", [b"", b"<html>", answer("FREEBUSY:20261121T070000Z/P"), answer("FREEBUSY:20269921T070000Z/PT1H")]
)
def test_an_answer_that_is_no_calendar_is_told_or_says_nothing(told: bytes) -> None:
    with contextlib.suppress(CalendarError):
        assert busy(told, DAY) == []


@given(st.binary())
def test_any_answer_ends_in_periods_or_in_our_own_error(told: bytes) -> None:
    with contextlib.suppress(CalendarError):
        busy(b"BEGIN:VCALENDAR\r\nFREEBUSY:" + told, DAY)


def test_free_times_lie_between_the_busy_ones() -> None:
    hour = timedelta(hours=1)
    assert free([(at(8), at(9, 10)), (at(10, 30), at(16, 30))], DAY, hour) == [
        (at(9, 15), at(10, 15)),
        (at(16, 30), at(17, 30)),
    ]
    assert len(free([], DAY, hour)) == 5
    assert free([DAY], DAY, hour) == []


_MINUTES = st.integers(0, 600)


@given(st.lists(st.tuples(_MINUTES, _MINUTES), max_size=8), st.integers(5, 120))
def test_a_free_time_never_touches_a_busy_one(taken: list[tuple[int, int]], minutes: int) -> None:
    periods: list[Period] = []
    for first, last in sorted((min(pair), max(pair) + 1) for pair in taken):
        start, end = at(8) + timedelta(minutes=first), at(8) + timedelta(minutes=last)
        if not periods or start >= periods[-1][1]:
            periods.append((start, end))
    for start, end in free(periods, DAY, timedelta(minutes=minutes)):
        assert DAY[0] <= start < end <= DAY[1]
        assert all(end <= first or start >= last for first, last in periods)


def test_a_title_cannot_leave_its_line() -> None:
    written = event("u", DAY, "Lunch\r\nATTENDEE:mailto:eve@evil.example; \u00fc" + "x" * 90, at=at(7)).decode()
    unfolded = written.replace("\r\n ", "")
    assert [line for line in unfolded.split("\r\n") if line.startswith("ATTENDEE")] == []
    assert "SUMMARY:Lunch\\nATTENDEE:mailto:eve@evil.example\\;" in unfolded
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
