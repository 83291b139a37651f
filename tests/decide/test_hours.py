"""Working hours: local time, days, and what is no time at all."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gatepost.decide import hours
from gatepost.decide.shape import Faults

BERLIN: dict[str, Any] = {"timeZone": "Europe/Berlin", "days": ["monday", "friday"], "from": "08:30", "to": "17:00"}


def read(written: object) -> tuple[Any, list[str]]:
    faults = Faults()
    return hours.FIELDS(written, "workingHours", faults), faults.sentences


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (datetime(2026, 11, 2, 7, 29, 59, tzinfo=UTC), False),  # a Monday in winter: Berlin is an hour ahead
        (datetime(2026, 11, 2, 7, 30, tzinfo=UTC), True),
        (datetime(2026, 11, 2, 15, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 2, 16, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 6, 30, tzinfo=UTC), True),  # a Friday in summer: two hours
        (datetime(2026, 11, 3, 12, 0, tzinfo=UTC), False),  # a Tuesday
    ],
)
def test_hours_are_those_of_their_own_time_zone(at: datetime, *, inside: bool) -> None:
    normal, faults = read(BERLIN)
    assert faults == []
    assert hours.compile_hours(normal).include(at) is inside


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (datetime(2026, 11, 2, 20, 59, tzinfo=UTC), False),  # a Monday, 21:59 in Berlin
        (datetime(2026, 11, 2, 21, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 3, 4, 59, tzinfo=UTC), True),  # the Tuesday after, 05:59
        (datetime(2026, 11, 3, 5, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 2, 3, 0, tzinfo=UTC), False),  # the Monday's own morning belongs to Sunday
        (datetime(2026, 11, 3, 22, 0, tzinfo=UTC), False),  # a Tuesday
        (datetime(2026, 11, 7, 3, 0, tzinfo=UTC), True),  # the Saturday after a Friday
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(at: datetime, *, inside: bool) -> None:
    normal, faults = read({**BERLIN, "from": "22:00", "to": "06:00"})
    assert faults == []
    assert hours.compile_hours(normal).include(at) is inside


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), False),  # 01:59; the hour from two to three is left out
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), False),  # 03:00
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),  # 02:30, and an hour later again
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 2, 0, tzinfo=UTC), False),
    ],
)
def test_what_the_clock_says_counts_where_it_is_changed(at: datetime, *, inside: bool) -> None:
    normal, _ = read({**BERLIN, "days": ["sunday"], "from": "02:00", "to": "03:00"})
    assert hours.compile_hours(normal).include(at) is inside


def test_a_day_may_last_until_midnight() -> None:
    normal, _ = read({**BERLIN, "timeZone": "UTC", "from": "00:00", "to": "24:00"})
    assert hours.compile_hours(normal).include(datetime(2026, 11, 2, 23, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"timeZone": "Mars/Base"}, "workingHours.timeZone must be a time zone of the IANA database"),
        ({"timeZone": "../../etc/passwd"}, "workingHours.timeZone must be a time zone of the IANA database"),
        ({"timeZone": "Europe"}, "workingHours.timeZone must be a time zone of the IANA database"),
        ({"timeZone": "localtime"}, "workingHours.timeZone must be a time zone of the IANA database"),
        ({"timeZone": "posixrules"}, "workingHours.timeZone must be a time zone of the IANA database"),
        ({"timeZone": "right/Europe/Berlin"}, "workingHours.timeZone must be a time zone of the IANA database"),
        ({"from": "8:30"}, "workingHours.from must be a time of day such as 08:30"),
        ({"to": "24:01"}, "workingHours.to must be a time of day such as 08:30"),
        ({"to": "08:30"}, "workingHours must not end when they begin"),
        ({"days": ["Monday"]}, 'workingHours.days[0] must be "monday"'),
        ({"days": []}, "workingHours.days must have at least 1 item"),
    ],
)
def test_what_is_no_time_is_refused(change: dict[str, Any], sentence: str) -> None:
    _, faults = read({**BERLIN, **change})
    assert len(faults) == 1
    assert faults[0].startswith(sentence)


@pytest.mark.parametrize(
    ("offset", "zone"), [("+02:00", "Etc/GMT-2"), ("UTC-5", "Etc/GMT+5"), ("-11:00", "Etc/GMT+11")]
)
def test_an_offset_leads_to_the_zone_that_has_it(offset: str, zone: str) -> None:
    _, faults = read({**BERLIN, "timeZone": offset})
    assert faults[0].endswith(zone)
    assert datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).utcoffset() == timedelta(
        hours=int(offset.removeprefix("UTC")[:3])
    )


def test_no_zone_of_one_machine_alone_is_proposed() -> None:
    _, faults = read({**BERLIN, "timeZone": "/etc/localtime"})
    assert not faults[0].endswith("localtime")
