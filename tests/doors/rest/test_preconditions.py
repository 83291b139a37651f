import pytest
from fastapi import Request

from gatepost.doors.rest.preconditions import etag, is_unchanged, preconditions
from gatepost.doors.rest.problems import Problem
from gatepost.workbench.change import Preconditions


def read(*fields: tuple[str, str]) -> Preconditions:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]
    request = Request({"type": "http", "headers": headers})
    return preconditions(request, request.headers.get("if-match"), request.headers.get("if-none-match"))


@pytest.mark.parametrize(
    ("value", "matching"),
    [
        ("*", {1, 7}),
        ('"7"', {7}),
        ('"0"', {0}),
        ('"1", "7"', {1, 7}),
        (',"1",,\t"7" ,', {1, 7}),
        ('W/"7"', set()),
        ('W/"7", "1"', {1}),
        ('"a,b", "7"', {7}),
        ('"07", "+7", "7 7"'.replace(" 7", "_7"), set()),
        ('""', set()),
        (f'"{"9" * 400}"', set()),
        ("", set()),
    ],
)
def test_if_match_compares_strongly(value: str, matching: set[int]) -> None:
    wanted = read(("If-Match", value))
    assert {version for version in (0, 1, 7) if wanted.hold(version)} == matching


@pytest.mark.parametrize(
    ("value", "holding"), [("*", {0}), ('"7"', {0, 1}), ('W/"7"', {0, 1}), ('"1",W/"7"', {0}), ('"x"', {0, 1, 7})]
)
def test_if_none_match_compares_weakly(value: str, holding: set[int]) -> None:
    wanted = read(("If-None-Match", value))
    assert {version for version in (0, 1, 7) if wanted.hold(version)} == holding
    assert [is_unchanged(wanted, version) for version in (1, 7)] == [version not in holding for version in (1, 7)]


def test_lines_of_one_field_are_one_list_and_both_fields_must_hold() -> None:
    wanted = read(("If-Match", '"1"'), ("If-Match", '"7"'), ("If-None-Match", '"7"'))
    assert [wanted.hold(version) for version in (0, 1, 7)] == [False, True, False]
    with pytest.raises(Problem):
        is_unchanged(wanted, 2)
    assert read() == Preconditions()


@pytest.mark.parametrize("value", ["7", "W/x", '"7', '"7" "8"', '*, "7"', 'w/"7"', '"a b"', "'7'"])
@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_what_is_no_tag_is_told(name: str, value: str) -> None:
    with pytest.raises(Problem) as told:
        read((name, value))
    assert told.value.errors == (f'header.{name}: write * or entity tags, such as "7"',)


def test_a_tag_is_the_version_in_quotes() -> None:
    assert read(("If-Match", etag(7))).hold(7)
