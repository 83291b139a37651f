import pytest

from gatepost.verify.reading.html_ink import PLAIN, Ink, ink


def is_seen(style: dict[str, str], colour: str = "ffffff", background: str = "ffffff", around: Ink = PLAIN) -> bool:
    found = ink(style, around, colour, background, 16.0)
    behind = "transparent" if found.groups and not around.groups else background
    return found.is_seen(colour, behind, 16.0)


@pytest.mark.parametrize(
    "style",
    [
        {"-webkit-text-fill-color": "#000"},
        {"text-shadow": "1px 1px 2px #000"},
        {"-webkit-text-stroke": "1px #000"},
        {"background": "linear-gradient(90deg, red, blue)", "-webkit-background-clip": "text"},
        {"filter": "invert(1)"},
        {"mix-blend-mode": "difference"},
        {"text-shadow": "none, 0 0 0 red"},
    ],
)
def test_letters_of_the_pages_colour_are_seen_by_what_else_paints_them(style: dict[str, str]) -> None:
    assert not is_seen({})
    colour = "transparent" if "background" in style else "ffffff"
    assert is_seen(style, colour)


@pytest.mark.parametrize(
    "style",
    [
        {"-webkit-text-fill-color": "rgb(0 0 0 / 1%)"},
        {"filter": "invert(1)", "mix-blend-mode": "lighten"},
        {"filter": "brightness(1000%) invert(0) brightness(99)", "color": "#222"},
        {"filter": "blur(20px)"},
        {"mix-blend-mode": "screen"},
        {"-webkit-text-fill-color": "white"},
    ],
)
def test_dark_letters_are_not_seen_through_these(style: dict[str, str]) -> None:
    assert is_seen({}, "222222")
    hidden = (
        {**style, "filter": "brightness(9)"} if style == {"filter": "invert(1)", "mix-blend-mode": "lighten"} else style
    )
    assert not is_seen(hidden, "222222")


def test_what_is_painted_together_is_adjusted_together() -> None:
    flat = ink({"filter": "contrast(0)"}, PLAIN, "555555", "ffffff", 16.0)
    assert not flat.is_seen("555555", "dddddd", 16.0)
    assert ink({"filter": "contrast(.5)"}, PLAIN, "555555", "ffffff", 16.0).is_seen("555555", "dddddd", 16.0)


def test_a_child_may_paint_its_letters_anew() -> None:
    hidden = ink({"-webkit-text-fill-color": "#fff"}, PLAIN, "000000", "ffffff", 16.0)
    assert not hidden.is_seen("000000", "ffffff", 16.0)
    assert is_seen({"-webkit-text-fill-color": "currentcolor"}, "000000", around=hidden)
