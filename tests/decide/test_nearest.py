import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.nearest import nearest, nearest_number, nearest_slip, nearest_truth


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
    ],
)
def test_what_other_products_say_leads_to_what_means_the_same(name: str, valid: list[str], wanted: str) -> None:
    assert nearest(name, valid) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"), [("perhour", "perHour"), ("PERDAY", "perDay"), ("perDys", "perDay"), ("", "perHour")]
)
def test_the_nearest_name_looks_like_the_one_written(name: str, wanted: str) -> None:
    assert nearest(name, ["perHour", "perDay"]) == wanted


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
    [("030", "30"), ("5", "5"), (5.0, "5"), ("+7", "7"), ("0", "0"), ("5.5", None), ("thirty", None), (True, None)],
)
def test_a_number_that_is_written_as_text_is_told_as_a_number(value: object, wanted: str | None) -> None:
    assert nearest_number(value) == wanted


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none()))
def test_whatever_was_written_the_nearest_is_valid_or_none(value: object) -> None:
    near = nearest_number(value)
    assert near is None or str(int(near)) == near
    assert nearest_truth(value) in {None, "true", "false"}


def test_only_a_slip_has_a_name_it_is_a_slip_of() -> None:
    assert nearest_slip("Serch_mail", ["search_mail", "send"]) == "search_mail"
    assert nearest_slip("launch_rocket", ["search_mail", "send"]) is None
