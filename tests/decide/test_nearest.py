import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.nearest import (
    nearest,
    nearest_clock,
    nearest_moment,
    nearest_number,
    nearest_share,
    nearest_slip,
    nearest_span,
    nearest_truth,
    nearest_type,
)


@given(st.text())
def test_the_nearest_name_is_always_a_valid_one(name: str) -> None:
    assert nearest(name, ["perHour", "perDay"]) in {"perHour", "perDay"}


@pytest.mark.parametrize(
    ("name", "valid", "wanted"),
    [
        ("Bounce", ["deliver", "hold", "discard", "reject"], "reject"),
        ("reject", ["bounce", "drop"], "bounce"),
        ("drop", ["deliver", "hold", "reject"], "reject"),
        ("quarantine", ["deliver", "hold", "reject"], "hold"),
        ("block", ["per", "hour"], "hour"),
        ("DISCARD", ["reject", "discard"], "discard"),
        ("hold", ["drop", "bounce"], "bounce"),
        ("ask", ["reject", "hold", "off"], "hold"),
        ("pattern", ["action", "reject", "reason", "in"], "reject"),
        ("English", ["nl", "de", "en"], "en"),
        ("rate-limit", ["rateLimits", "limit", "rateLimit"], "rateLimit"),
        ("over", ["atLeast", "below"], "atLeast"),  # what means the opposite looks more like it
        ("max", ["over", "atMost"], "atMost"),
        ("at_least", ["atMost", "over"], "over"),
        ("size", ["firstTime", "messageOctets"], "messageOctets"),
        ("sender", ["author", "domain", "rule"], "author"),
        ("perMonth", ["perMessage", "perThread", "perDay"], "perDay"),
        ("perHour", ["perDomain", "perAgent"], "perAgent"),
        ("match", ["action", "reject"], "reject"),
        ("en-US", ["es", "unknown", "en"], "en"),
        ("weekdays", ["monday", "wednesday"], "monday"),
    ],
)
def test_what_other_products_say_leads_to_what_means_the_same(name: str, valid: list[str], wanted: str) -> None:
    assert nearest(name, valid) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"), [("perhour", "perHour"), ("PERDAY", "perDay"), ("perDys", "perDay"), ("", "perHour")]
)
def test_the_nearest_name_looks_like_the_one_written(name: str, wanted: str) -> None:
    assert nearest(name, ["perHour", "perDay"]) == wanted


def test_what_begins_with_a_weak_name_does_not_lead_to_it() -> None:
    assert nearest("deliver-later", ["deliver", "hold", "reject"], weak=["deliver"]) != "deliver"


@given(st.text(max_size=12))
def test_nobody_is_led_to_what_lets_more_in(written: str) -> None:
    near = nearest(written, ["deliver", "hold", "reject"], weak=["deliver"])
    assert near != "deliver" or written.casefold()[:1] in {"d", "a"}  # a slip, or what others call it


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("Deliver", "deliver"), ("delivr", "deliver"), ("allow", "deliver"), ("silver", "hold"), ("log", "hold")],
)
def test_a_slip_is_told_from_another_word(written: str, wanted: str) -> None:
    assert nearest(written, ["deliver", "hold", "reject"], weak=["deliver"]) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("yes", "true"), ("Off", "false"), ("no", "false"), (1, "true"), (0, "false"), ("maybe", None), (None, None)],
)
def test_what_yaml_once_read_as_true_is_told_so(value: object, wanted: str | None) -> None:
    assert nearest_truth(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        *(
            ("030", "30"),
            ("5", "5"),
            (5.0, "5"),
            ("+7", "7"),
            ("0", "0"),
            ("5.5", None),
            ("thirty", None),
            (True, None),
        ),
        *(("10MB", "10000000"), ("50k", "50000"), ("2 KiB", "2048"), ("1_000", "1000"), ("1,000,000", "1000000")),
        *(("1e3", "1000"), ("1,5", None), ("5m", None), ("9" * 16 + "MB", None), ("1 0000", None)),
    ],
)
def test_a_number_that_is_written_as_text_is_told_as_a_number(value: object, wanted: str | None) -> None:
    assert nearest_number(value) == wanted


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none()))
def test_whatever_was_written_the_nearest_is_valid_or_none(value: object) -> None:
    near = nearest_number(value)
    assert near is None or str(int(near)) == near
    assert nearest_truth(value) in {None, "true", "false"}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("8:00", "08:00"),
        (18, "18:00"),
        ("7.30", "07:30"),
        ("25:00", None),
        ("8am", "08:00"),
        ("6.30 PM", "18:30"),
        ("12 a.m.", "00:00"),
        ("12pm", "12:00"),
        ("13pm", None),
        ("9:60", None),
        (True, None),
        ("noon", None),
    ],
)
def test_a_time_of_day_is_told_with_all_its_digits(value: object, wanted: str | None) -> None:
    assert nearest_clock(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(80, "0.8"), ("80%", "0.8"), ("0.5", "0.5"), ("1%", "0.01"), (101, None), (1.01, None), ("high", None)],
)
def test_a_share_is_told_from_0_to_1(value: object, wanted: str | None) -> None:
    assert nearest_share(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("24 Hours", "24h"), ("07D", "7d"), ("1 week", "7d"), ("3", None), ("0h", None), ("5 minutes", None), (7, None)],
)
def test_a_span_is_told_in_hours_or_days(value: object, wanted: str | None) -> None:
    assert nearest_span(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2027-01-31", "2027-01-31T00:00:00Z"),
        ("2027-01-31 18:00+02:00", "2027-01-31T16:00:00Z"),
        ("0001-01-01T00:00:00+23:00", None),
        ("next week", None),
        (20270131, None),
    ],
)
def test_a_time_is_told_as_utc(value: object, wanted: str | None) -> None:
    assert nearest_moment(value) == wanted


@pytest.mark.parametrize(
    ("value", "may_be_end", "wanted"),
    [
        ("*.PDF", True, ".pdf"),
        ("docx", True, ".docx"),
        ("docx", False, None),
        ("text/html; charset=utf-8", False, "text/html"),
        ("audio", False, "audio/*"),
        ("*/*", True, None),
        (5, True, None),
    ],
)
def test_a_kind_of_file_is_told_as_it_is_written(value: object, *, may_be_end: bool, wanted: str | None) -> None:
    assert nearest_type(value, may_be_end=may_be_end) == wanted


def test_only_a_slip_has_a_name_it_is_a_slip_of() -> None:
    assert nearest_slip("Serch_mail", ["search_mail", "send"]) == "search_mail"
    assert nearest_slip("launch_rocket", ["search_mail", "send"]) is None
