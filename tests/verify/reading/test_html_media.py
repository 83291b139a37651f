import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading import html_media


@pytest.mark.parametrize(
    "query",
    [
        "", "all", "screen", "only screen and (max-width:900px)", "not print", "print, screen", "(10px < width)",
        "(1px <= width <= 9000px)", "(800px = width)", "(width > 10em)", "(scripting: none)", "(update: fast)",
        "(monochrome: 0)", "(color-gamut: srgb)", "(prefers-reduced-motion: no-preference)",
        "(min-width: calc(1px * 2))",
        "(min-width: 1rem)", "(min-height: 2px)", "(not (max-width: 3px))", "not all and (max-width:5px)", "not (grid)",
        "(max-width:3px) or (color)", "(grid: 0)", "(min-aspect-ratio: 1/1)", "(hover)", "(min-resolution: 96dpi)",
        "((color) and (hover: hover))", "(prefers-color-scheme: light)", "(width", "(color",
    ],
)  # fmt: skip
def test_a_screen_takes_it(query: str) -> None:
    assert html_media.holds(query)


@pytest.mark.parametrize(
    "query",
    [
        "print", "not screen", "(max-width:600px)", "(min-width:60em)", "(width<500px)", "(900px < width)",
        "(prefers-color-scheme:dark)", "(scripting: enabled)", "(monochrome)", "(grid)", "(forced-colors: active)",
        "screen and (max-device-width:480px)", "(orientation: portrait)", "(-webkit-min-device-pixel-ratio: 2)",
        "(prefers-reduced-motion: reduce)", "(prefers-reduced-motion)", "(made-up)", "(made-up: 1)",
        "(-ms-high-contrast: none)", "speech and (color)", "(hover: none)", "(color) and (max-width:3px)",
    ],
)  # fmt: skip
def test_a_screen_does_not_take_it(query: str) -> None:
    assert not html_media.holds(query)


@given(st.text("()<>=: ,1px/notandorwidthmin-"))
def test_any_query_has_an_answer(query: str) -> None:
    assert html_media.holds(query) in {True, False}


def test_deep_brackets_have_an_answer() -> None:
    assert html_media.holds("(" * 100_000) in {True, False}
