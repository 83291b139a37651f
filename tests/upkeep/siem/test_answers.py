import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep.siem.answers import by_status, read_object, word


@pytest.mark.parametrize("status", [408, 429, 500, 501, 502, 503, 504, 200, 202, 204])
def test_what_may_pass_is_sent_again_and_a_success_nobody_can_read_is_none(status: int) -> None:
    assert list(by_status(3, status, "x").again) == [0, 1, 2]


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 404, 405])
def test_what_needs_a_person_stops(status: int) -> None:
    assert by_status(3, status, "x").stop == f"x.http_{status}"


@pytest.mark.parametrize("status", [400, 413])
def test_what_one_event_may_be_to_blame_for_is_split(status: int) -> None:
    assert by_status(3, status, "x").is_split


@given(st.binary())
def test_any_answer_reads_as_an_object(answer: bytes) -> None:
    assert isinstance(read_object(answer), dict)


def test_a_receivers_words_are_kept_only_where_they_are_codes() -> None:
    assert word("mapper_parsing_exception") == "mapper_parsing_exception"
    assert word("failed to parse boss@corp.example") == "other"
    assert word(None) == "other"
