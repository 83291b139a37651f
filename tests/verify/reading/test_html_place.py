import pytest

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_box import begins, is_inline, place
from gatepost.verify.reading.html_place import Place


def hides(style: dict[str, str], tag: str = "p", letters: int = 20) -> Technique | None:
    found = place(tag, style, None, {}, 16.0)
    return None if found is None else found.hides(16.0, letters)


@pytest.mark.parametrize(
    "style",
    [
        {"overflow": "hidden", "height": "0"},
        {"overflow": "hidden", "line-height": "0"},
        {"transform": "scale(0)"},
        {"zoom": "0.01"},
        {"overflow": "hidden", "width": "3px"},
        {"contain": "strict"},
        {"overflow": "hidden", "height": "20px", "padding-top": "20px", "box-sizing": "border-box"},
        {"transform": "rotate3d(1,0,0,90deg)"},
        {"rotate": "x 90deg"},
        {"transform": "scalex(0)"},
        {"scale": "1%"},
        {"transform": "perspective(10px) translatez(20px)"},
        {"transform": "matrix(.01,0,0,.01,0,0)"},
        {"transform": "rotatey(.5turn)", "backface-visibility": "hidden"},
        {"text-indent": "100%", "overflow": "hidden"},
        {"display": "grid", "grid-template-rows": "0fr", "overflow": "hidden"},
    ],
)
def test_what_is_cut_or_shrunk_away_is_clipped(style: dict[str, str]) -> None:
    assert hides(style) is Technique.CLIPPED


@pytest.mark.parametrize(
    "style",
    [
        {"position": "absolute", "left": "-9999px"},
        {"position": "fixed", "inset": "-9999px auto auto 0"},
        {"transform": "translate(0, -9999px)"},
        {"translate": "-9999px"},
        {"margin": "-9999px"},
        {"text-indent": "-999em"},
        {"position": "absolute", "right": "100%"},
        {"position": "fixed", "bottom": "-100px"},
        {"position": "absolute", "bottom": "120%"},
        {"margin-left": "-150px", "width": "140px"},
        {"transform": "translatex(-100%)"},
        {"transform": "translatex(-500px) translatex(-500px)"},
        {"transform-origin": "-3000px 0", "transform": "rotate(180deg)"},
        {"position": "absolute", "top": "-60px"},
    ],
)
def test_what_is_moved_away_is_off_the_screen(style: dict[str, str]) -> None:
    assert hides(style) is Technique.OFF_SCREEN


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"left": "-9999px"},
        {"overflow": "hidden"},
        {"zoom": "0"},
        {"margin-left": "-20px"},
        {"overflow": "hidden", "height": "0", "min-height": "40px"},
        {"transform": "rotate(180deg)"},
        {"overflow": "hidden", "height": "0", "padding-bottom": "40px"},
        {"transform": "scalex(-1)"},
        {"position": "absolute", "left": "-300px", "width": "700px", "text-align": "right"},
        {"position": "absolute", "left": "900px"},
        {"position": "absolute", "top": "700px"},
        {"height": "0"},
    ],
)
def test_what_stays_on_the_page_is_neither(style: dict[str, str]) -> None:
    assert hides(style) is None


def test_to_a_part_of_a_line_no_size_and_no_transform_applies() -> None:
    """CSS 2 section 9.2.2; what a flexible box holds is no part of a line."""
    style = {"transform": "scale(0)", "overflow": "hidden", "height": "0"}
    assert hides(style, "span") is None
    assert hides({**style, "display": "block"}, "span") is Technique.CLIPPED
    assert is_inline("span", {}, {})
    assert not is_inline("span", {}, {"display": "flex"})
    assert not is_inline("span", {"position": "absolute"}, {})


def test_a_cell_is_as_high_as_its_words() -> None:
    assert hides({"overflow": "hidden", "height": "0"}, "td") is None


def test_what_an_inner_box_takes_back_is_on_the_page() -> None:
    """Offsets and transforms add up; an absolute box is cut only by those that hold it."""
    there = place("div", {"margin-left": "-1000px"}, None, {}, 16.0)
    assert there is not None
    assert there.hides(16.0) is Technique.OFF_SCREEN
    back = place("div", {"margin-left": "1000px"}, there, {}, 16.0)
    assert back is not None
    assert back.hides(16.0) is None
    flat = place("div", {"overflow": "hidden", "height": "0"}, None, {}, 16.0)
    out = place("div", {"position": "absolute"}, flat, {}, 16.0)
    assert out is not None
    assert out.hides(16.0) is None
    held = place("div", {"overflow": "hidden", "height": "0", "position": "relative"}, None, {}, 16.0)
    within = place("div", {"position": "absolute"}, held, {}, 16.0)
    assert within is not None
    assert within.hides(16.0) is Technique.CLIPPED


def test_what_stands_before_words_moves_them_out_of_a_low_box() -> None:
    low = place("div", {"overflow": "hidden", "height": "20px"}, None, {}, 16.0)
    assert low is not None
    assert low.hides(16.0) is None
    assert low.hides(16.0, down=40.0) is Technique.CLIPPED


def test_a_place_counts_from_where_something_moves_or_cuts() -> None:
    assert not begins({"margin": "0 10px", "width": "3px"})
    assert begins({"margin": "0 -10px"})
    assert place("p", {"color": "red"}, None, {}, 16.0) is None
    assert Place().hides(16.0) is None
