import time

import pytest

from gatepost.decide import shape
from gatepost.decide.shape import FAULTS_MAX, Fault, Faults


def read(parser: shape.Parser, value: object) -> tuple[object, list[str]]:
    faults = Faults()
    return parser(value, "it", faults), faults.sentences


@pytest.mark.parametrize("value", [True, "5", 5.0, None, [5], "030", float("nan")])
def test_only_a_whole_number_is_an_integer(value: object) -> None:
    assert read(shape.integer(least=0), value)[1][0].startswith("it must be an integer")


def test_a_number_in_quotes_is_told_as_a_number() -> None:
    assert read(shape.integer(least=0), "030")[1] == ["it must be an integer; as a number it is written 30"]


def test_an_integer_has_two_bounds() -> None:
    small = shape.integer(least=1, most=3)
    assert [read(small, value) for value in (1, 3)] == [(1, []), (3, [])]
    assert read(small, 0)[1] == ["it must be >= 1"]
    assert read(small, 4)[1] == ["it must be <= 3"]
    assert read(shape.integer(least=0), 2**53)[1] == [f"it must be <= {2**53 - 1}"]


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_only_true_and_false_are_booleans(value: object) -> None:
    assert read(shape.boolean, value)[1][0].startswith("it must be true or false")
    assert read(shape.boolean, True) == (True, [])  # noqa: FBT003  # the value is the point
    assert read(shape.boolean, False) == (False, [])  # noqa: FBT003  # as above
    assert read(shape.boolean, "yes")[1] == ["it must be true or false (the nearest is true)"]


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


def test_full_faults_take_no_more() -> None:
    faults = Faults([Fault("it", "is wrong")] * FAULTS_MAX)
    faults.tell("it", "is worse")
    assert len(faults.sentences) == FAULTS_MAX
