import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost_client.retry import Patience, may_repeat


@given(attempt=st.integers(1, 4), chance=st.floats(0, 1))
def test_a_wait_grows_strays_and_ends(attempt: int, chance: float) -> None:
    patience = Patience()
    wait_s = patience.wait_s(attempt, chance=chance)
    assert wait_s is not None
    assert 0.5 * 2 ** (attempt - 1) * 0.5 <= wait_s <= 0.5 * 2 ** (attempt - 1)
    assert patience.wait_s(5, chance=chance) is None


@given(asked=st.text(), chance=st.floats(0, 1))
def test_a_house_may_ask_for_time_within_bounds(asked: str, chance: float) -> None:
    wait_s = Patience().wait_s(1, chance=chance, asked=asked)
    assert wait_s is not None
    assert wait_s <= 132
    assert (Patience().wait_s(1, chance=chance, asked="10") or 0) >= 10


@pytest.mark.parametrize(
    ("status", "is_repeatable", "is_asked_again"),
    [(503, False, True), (429, False, True), (502, True, True), (502, False, False), (0, True, True), (0, False, False)]
    + [(status, True, False) for status in (200, 400, 401, 404, 409, 422)],
)
def test_only_what_is_safe_is_asked_again(status: int, is_repeatable: bool, is_asked_again: bool) -> None:  # noqa: FBT001  # parameters
    assert may_repeat(status, is_repeatable=is_repeatable) == is_asked_again
