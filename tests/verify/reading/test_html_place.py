import pytest

from gatepost.verify.reading.html_place import is_clipped, is_far, is_off_screen


@pytest.mark.parametrize(
    "style",
    [
        {"overflow": "hidden", "height": "0"}, {"overflow": "hidden", "line-height": "0"}, {"transform": "scale(0)"},
        {"position": "absolute", "clip": "rect(0, 0, 0, 0)"}, {"clip-path": "inset(100%)"}, {"zoom": "0.01"},
        {"position": "relative", "z-index": "-1"}, {"-webkit-text-security": "disc"},
    ],
)  # fmt: skip
def test_what_is_cut_or_shrunk_away_is_clipped(style: dict[str, str]) -> None:
    assert is_clipped(style)
    assert not is_off_screen(style)


@pytest.mark.parametrize(
    "style",
    [
        {"position": "absolute", "left": "-9999px"}, {"position": "fixed", "inset": "-9999px auto auto 0"},
        {"transform": "translate(0, -9999px)"}, {"translate": "-9999px"}, {"margin": "-9999px"},
        {"text-indent": "-999em"}, {"text-indent": "100%", "overflow": "hidden"},
    ],
)  # fmt: skip
def test_what_is_moved_away_is_off_the_screen(style: dict[str, str]) -> None:
    assert is_off_screen(style)
    assert not is_clipped(style)


@pytest.mark.parametrize("style", [{}, {"left": "-9999px"}, {"overflow": "hidden"}, {"zoom": "0"}, {"z-index": "-1"}])
def test_what_stays_on_the_page_is_neither(style: dict[str, str]) -> None:
    assert not is_clipped(style)
    assert not is_off_screen(style)


def test_far_is_where_nobody_scrolls() -> None:
    assert is_far("-300px")
    assert is_far("9999px")
    assert not is_far("100px")
