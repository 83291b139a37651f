import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading.html_spaces import of_srgb, to_srgb

SPACES = (
    "rgb", "srgb", "hsl", "hwb", "lab", "lch", "oklab", "oklch", "srgb-linear", "display-p3", "a98-rgb", "rec2020",
    "prophoto-rgb", "xyz", "xyz-d50", "xyz-d65",
)  # fmt: skip
SHARE = st.floats(0, 1)


@given(st.sampled_from(SPACES), st.tuples(SHARE, SHARE, SHARE))
def test_a_colour_comes_back_from_every_space_as_it_was(space: str, rgb: tuple[float, float, float]) -> None:
    assert to_srgb(space, of_srgb(space, rgb)) == pytest.approx(rgb, abs=0.004)


@pytest.mark.parametrize(
    ("space", "red"),
    [
        ("lab", (54.29, 80.8, 69.9)), ("oklch", (0.628, 0.2577, 29.23)), ("hwb", (0, 0, 0)), ("hsl", (0, 100, 50)),
        ("xyz", (0.4124, 0.2126, 0.0193)),
    ],
)  # fmt: skip
def test_red_is_where_the_standard_has_it(space: str, red: tuple[float, float, float]) -> None:
    """CSS Color 4 section 17 and the examples of its sections 7 to 10."""
    assert of_srgb(space, (1.0, 0.0, 0.0)) == pytest.approx(red, rel=0.005, abs=0.001)
    assert to_srgb(space, red) == pytest.approx((1.0, 0.0, 0.0), abs=0.01)


@given(st.sampled_from(SPACES), st.tuples(*[st.floats(-1e9, 1e9)] * 3))
def test_no_numbers_are_too_large(space: str, triple: tuple[float, float, float]) -> None:
    assert len(to_srgb(space, triple)) == 3
