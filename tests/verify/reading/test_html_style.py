import pytest

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_style import NO_STYLE, Look, Style, declarations, look_below

HIDING = [
    "display:none!important;display:block", "transform:translateX(-9999px)", "margin-left:-5000px",
    "overflow:hidden;width:0", "background:url(x.png);color:transparent",
    "display:none", "DISPLAY : None !important", "visibility:hidden", "opacity:0", "font-size:0", "font-size:1px",
    "font:0/0 a", "max-height:0;overflow:hidden", "position:absolute;left:-9999px", "text-indent:-999em",
    "color:#fff", "color:white", "color:rgb(255, 255, 254)", "color:transparent", "color:rgba(1,2,3,0)",
    "clip-path:inset(100%)", "transform:scale(0)", "color:black;background:#000", "position:fixed;clip:rect(0,0,0,0)",
]  # fmt: skip
SHOWING = [
    "", "color:#000", "display:block", "font-size:12px", "visibility:visible", "max-height:0", "opacity:0.9",
    "position:absolute;left:10px", "color:white;background:#333", "color:#eee;background-color:rgb(0 0 0)", "x", ":;:",
    "font:12px/14px Arial", "color:nonsense", "color:#ff", "text-indent:-5px", "mso-hide:all", "opacity:0.5.5",
    "color:rgba(1,2,3,1.2.3)", "color:white;background:url(x.png) repeat #fff", "color:#fff;background:red no-repeat",
    "display:none;display:block", "width:0%", "color:white;background-image:linear-gradient(red, blue)",
]  # fmt: skip


@pytest.mark.parametrize("style", HIDING)
def test_a_person_does_not_see_this(style: str) -> None:
    assert look_below(Look(), "p", {"style": style}, NO_STYLE).hidden_by is not None


@pytest.mark.parametrize("style", SHOWING)
def test_a_person_sees_this(style: str) -> None:
    assert look_below(Look(), "p", {"style": style}, NO_STYLE).hidden_by is None


def test_a_child_may_undo_invisibility_but_not_absence() -> None:
    hidden = look_below(Look(), "p", {"style": "visibility:hidden"}, NO_STYLE)
    gone = look_below(Look(), "p", {"style": "display:none"}, NO_STYLE)
    assert look_below(hidden, "b", {"style": "visibility:visible"}, NO_STYLE).hidden_by is None
    assert look_below(gone, "b", {"style": "display:block"}, NO_STYLE).hidden_by is not None


def test_attributes_of_old_hide_too() -> None:
    assert look_below(Look(), "p", {"hidden": ""}, NO_STYLE).hidden_by is not None
    assert look_below(Look(), "font", {"color": "#ffffff"}, NO_STYLE).hidden_by is not None
    dark = look_below(Look(), "td", {"bgcolor": "black"}, NO_STYLE)
    assert dark.hidden_by is Technique.SAME_COLOUR
    assert look_below(dark, "font", {"color": "white"}, NO_STYLE).hidden_by is None


def test_later_declarations_win_and_comments_vanish() -> None:
    assert declarations("color:red;/* x:y; */COLOR:blue !important") == Style({"color": "red"}, {"color": "blue"})
