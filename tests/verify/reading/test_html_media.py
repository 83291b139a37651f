import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading.html_media import is_for_screen, media


@pytest.mark.parametrize(
    "query",
    [
        "", "screen", "all", "only screen", "not print", "(10px < width)", "(1px <= width <= 9000px)",
        "(scripting: none)", "(update: fast)", "(monochrome: 0)", "(color-gamut: srgb)", "(grid: 0)",
        "(prefers-reduced-motion: no-preference)", "(min-width: calc(1px))", "(min-width: 1rem)", "(min-height: 2px)",
        "(not (max-width: 3px))", "not all and (max-width:5px)", "(min-width: 1px) or (color)", "print, screen",
        "(min-aspect-ratio: 1/10000)", "screen and (min-width:1px) and (max-width:9999px)", "(width >= 100px)",
        "(-webkit-min-device-pixel-ratio:0)", "not speech", "((color))",
    ],
)  # fmt: skip
def test_a_screen_fulfils_this(query: str) -> None:
    assert media(query) is True


@pytest.mark.parametrize(
    "query",
    [
        "print", "not screen", "not all", "(max-width: 600px)", "screen and (max-width: 37em)", "(width < 500px)",
        "(prefers-color-scheme: dark)", "(monochrome)", "(grid)", "yahoo", "(scripting: enabled)",
        "(min-resolution: 2dppx)", "(-webkit-min-device-pixel-ratio: 2)", "(orientation: portrait)",
        "not (min-width: 1px)", "only screen and (min-width: 1px) and (max-width: 2px)",
    ],
)  # fmt: skip
def test_a_screen_does_not_fulfil_this(query: str) -> None:
    assert media(query) is False


@pytest.mark.parametrize("query", ["(fluffy)", "(fluffy: 1)", "not (fluffy)", "(width > fluffy)", "(", "screen and"])
def test_of_this_nobody_can_say(query: str) -> None:
    assert media(query) is None


@pytest.mark.parametrize(
    ("prelude", "holds"),
    [
        ("@supports (display:grid)", True), ("@supports (display: nonsense)", False), ("@supports (gap: 1px)", None),
        ("@supports not (display:nonsense)", True), ("@supports selector(a > b)", True),
        ("@supports not selector(:has(a))", False), ("@supports selector(:nonsense)", None),
        ("@supports (--a: b)", True),
        ("@supports (-ms-ime-align:auto)", False), ("@supports (not (foo:bar))", None), ("@layer q", True),
        ("@supports (display:grid) and (not (display:x))", True), ("@page", False), ("@-moz-document url()", False),
        ("@container side (min-width:1px)", True), ("@media(min-width:1px)", True), ("@font-face", False),
    ],
)  # fmt: skip
def test_rules_say_for_whom_they_are(prelude: str, holds: bool | None) -> None:  # noqa: FBT001  # a case's answer
    assert is_for_screen(prelude) is holds


@given(st.text(alphabet="()not andor,:<>=min-width 1px@", max_size=60))
def test_anything_else_is_an_answer_and_no_error(text: str) -> None:
    assert media(text) in {True, False, None}
    assert is_for_screen(f"@supports {text}") in {True, False, None}
