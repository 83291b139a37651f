import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide import shape
from gatepost.decide.shape import FAULTS_MAX, Fault, Faults


def read(parser: shape.Parser, value: object) -> tuple[object, list[str]]:
    faults = Faults()
    return parser(value, "it", faults), faults.sentences


@pytest.mark.parametrize("value", [True, "5", 5.0, None, [5]])
def test_only_a_whole_number_is_an_integer(value: object) -> None:
    assert read(shape.integer(least=0), value)[1] == ["it must be an integer"]


def test_an_integer_has_two_bounds() -> None:
    small = shape.integer(least=1, most=3)
    assert [read(small, value) for value in (1, 3)] == [(1, []), (3, [])]
    assert read(small, 0)[1] == ["it must be >= 1"]
    assert read(small, 4)[1] == ["it must be <= 3"]
    assert read(shape.integer(least=0), 2**53)[1] == [f"it must be <= {2**53 - 1}"]


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_only_true_and_false_are_booleans(value: object) -> None:
    assert read(shape.boolean, value)[1] == ["it must be true or false"]
    assert read(shape.boolean, True) == (True, [])  # noqa: FBT003  # the value is the point
    assert read(shape.boolean, False) == (False, [])  # noqa: FBT003  # as above


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (3, "it must be text"),
        ("", "it must have 1 to 5 characters"),
        ("abcdef", "it must have 1 to 5 characters"),
        ("a\x00", "it must have no control characters"),
        ("a\ud800", "it must have no control characters"),
    ],
)
def test_text_is_short_and_can_be_shown(value: object, sentence: str) -> None:
    assert read(shape.text(most=5), value)[1] == [sentence]
    assert read(shape.text(most=5), "grün ") == ("grün ", [])


def test_an_object_may_leave_out_what_is_optional_and_null_is_leaving_out() -> None:
    parser = shape.object_of({"a": shape.boolean, "b": shape.boolean}, required=("a",))
    assert read(parser, {"a": True, "b": None}) == ({"a": True}, [])
    assert read(parser, {"a": None})[1] == ["it.a must be true or false"]
    assert read(parser, {"b": True})[1] == ["it.a must be given"]
    assert read(parser, {1: True, "a": True})[1] == ["it.1 is not a field; the nearest is b"]


def test_a_list_has_bounds_and_its_items_have_places() -> None:
    parser = shape.list_of(shape.boolean, least=1, most=2)
    assert read(parser, [True, False]) == ([True, False], [])
    assert read(parser, [True, 3])[1] == ["it[1] must be true or false"]
    assert read(parser, [])[1] == ["it must have at least 1 item"]
    assert read(parser, [True] * 3)[1] == ["it must have at most 2 items"]


def test_after_a_hundred_faults_nobody_reads_on() -> None:
    began = time.perf_counter()
    many_names = {f"name{number}" * 50: 0 for number in range(100_000)}
    assert len(read(shape.object_of({"a": shape.boolean}), many_names)[1]) == FAULTS_MAX
    assert len(read(shape.list_of(shape.boolean, most=10**6), [0] * 10**6)[1]) == FAULTS_MAX
    assert time.perf_counter() - began < 5


def test_an_unknown_name_is_shown_short_and_printable() -> None:
    (sentence,) = read(shape.object_of({"a": shape.boolean}), {"b\n" * 100: 1})[1]
    assert sentence == f"it.{'b?' * 32} is not a field; the nearest is a"


@given(st.text())
def test_the_nearest_name_is_always_a_valid_one(name: str) -> None:
    assert shape.nearest(name, ["perHour", "perDay"]) in {"perHour", "perDay"}


@pytest.mark.parametrize(
    ("name", "valid", "nearest"),
    [
        ("Bounce", ["deliver", "hold", "discard", "reject"], "reject"),
        ("reject", ["bounce", "drop"], "bounce"),
        ("drop", ["deliver", "hold", "reject"], "reject"),
        ("quarantine", ["deliver", "hold", "reject"], "hold"),
        ("block", ["per", "hour"], "hour"),
    ],
)
def test_what_other_products_say_leads_to_what_means_the_same(name: str, valid: list[str], nearest: str) -> None:
    assert shape.nearest(name, valid) == nearest


@pytest.mark.parametrize(
    ("name", "nearest"), [("perhour", "perHour"), ("PERDAY", "perDay"), ("perDys", "perDay"), ("", "perHour")]
)
def test_the_nearest_name_looks_like_the_one_written(name: str, nearest: str) -> None:
    assert shape.nearest(name, ["perHour", "perDay"]) == nearest


@given(st.text(max_size=12))
def test_nobody_is_led_to_what_lets_more_in(written: str) -> None:
    near = shape.nearest(written, ["deliver", "hold", "reject"], weak=["deliver"])
    assert near != "deliver" or written.casefold()[:1] in {"d", "a"}  # a slip, or what others call it


@pytest.mark.parametrize(
    ("written", "nearest"),
    [("Deliver", "deliver"), ("delivr", "deliver"), ("allow", "deliver"), ("silver", "hold"), ("log", "hold")],
)
def test_a_slip_is_told_from_another_word(written: str, nearest: str) -> None:
    assert shape.nearest(written, ["deliver", "hold", "reject"], weak=["deliver"]) == nearest


def test_full_faults_take_no_more() -> None:
    faults = Faults([Fault("it", "is wrong")] * FAULTS_MAX)
    faults.tell("it", "is worse")
    assert len(faults.sentences) == FAULTS_MAX
