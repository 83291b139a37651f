from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

from gatepost.doors.public import status_chart
from gatepost.trust.uptime import Component, Day, Hour

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_share_is_cut_and_never_rounded_up() -> None:
    assert status_chart.percent(0.999_999) == "99.999 %"
    assert status_chart.percent(1.0) == "100.000 %"
    assert status_chart.percent(None) == "not measured"


def test_each_day_has_its_bar_and_an_unmeasured_one_is_no_good_day() -> None:
    days = [Day(date(2026, 11, 20), *counts) for counts in ((0, 0), (10, 10), (100, 99), (10, 1))]
    drawn = ET.fromstring(status_chart.bars(days, 'A "part" <x>'))  # noqa: S314  # our own
    assert [each.get("class") for each in drawn] == ["none", "good", "fair", "bad"]
    off = status_chart.bars([Day(date(2026, 11, 20), 0, 0, 1440)], "x")
    assert 'class="none"' in off
    assert "0.000 %, measured 0.000 %" in off
    heights = [int(each.get("height", "0")) for each in drawn]
    assert heights[1] > heights[2] > heights[3] > heights[0] > 0  # told apart without their colours, too
    assert {int(each.get("y", "0")) + height for each, height in zip(drawn, heights, strict=True)} == {
        status_chart.HEIGHT
    }


def test_a_line_needs_two_hours_and_stays_in_its_frame() -> None:
    hours = [
        Hour(component=Component.SMTP, hour=AT + timedelta(hours=at), probes=1, up=1, p50_ms=at, p95_ms=9 * at)
        for at in range(5)
    ]
    assert status_chart.lines(hours[:1], "x") == ""
    drawn = ET.fromstring(status_chart.lines(hours, "x"))  # noqa: S314  # our own
    points = [tuple(map(float, one.split(","))) for each in drawn for one in each.get("points", "").split()]
    assert all(0 <= x <= status_chart.WIDTH and 0 <= y <= status_chart.TALL for x, y in points)
