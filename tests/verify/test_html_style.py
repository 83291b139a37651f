import pytest

from gatepost.verify.html_style import Look, declarations, look_below

HIDING = [
    "display:none", "DISPLAY : None !important", "visibility:hidden", "opacity:0", "font-size:0", "font-size:1px",
    "font:0/0 a", "max-height:0;overflow:hidden", "position:absolute;left:-9999px", "text-indent:-999em",
    "mso-hide:all", "color:#fff", "color:white", "color:rgb(255, 255, 254)", "color:transparent", "color:rgba(1,2,3,0)",
    "clip-path:inset(100%)", "transform:scale(0)", "color:black;background:#000", "position:fixed;clip:rect(0,0,0,0)",
]  # fmt: skip
SHOWING = [
    "", "color:#000", "display:block", "font-size:12px", "visibility:visible", "max-height:0", "opacity:0.9",
    "position:absolute;left:10px", "color:white;background:#333", "color:#eee;background-color:rgb(0 0 0)", "x", ":;:",
    "font:12px/14px Arial", "color:nonsense", "color:#ff", "text-indent:-5px",
]  # fmt: skip


@pytest.mark.parametrize("style", HIDING)
def test_a_person_does_not_see_this(style: str) -> None:
    assert look_below(Look(), "p", {"style": style}, {}).is_hidden


@pytest.mark.parametrize("style", SHOWING)
def test_a_person_sees_this(style: str) -> None:
    assert not look_below(Look(), "p", {"style": style}, {}).is_hidden


def test_a_child_may_undo_invisibility_but_not_absence() -> None:
    hidden = look_below(Look(), "p", {"style": "visibility:hidden"}, {})
    gone = look_below(Look(), "p", {"style": "display:none"}, {})
    assert not look_below(hidden, "b", {"style": "visibility:visible"}, {}).is_hidden
    assert look_below(gone, "b", {"style": "display:block"}, {}).is_hidden


def test_attributes_of_old_hide_too() -> None:
    assert look_below(Look(), "p", {"hidden": ""}, {}).is_hidden
    assert look_below(Look(), "font", {"color": "#ffffff"}, {}).is_hidden
    dark = look_below(Look(), "td", {"bgcolor": "black"}, {})
    assert dark.is_hidden
    assert not look_below(dark, "font", {"color": "white"}, {}).is_hidden


def test_later_declarations_win_and_comments_vanish() -> None:
    assert declarations("color:red;/* x:y; */COLOR:blue !important") == {"color": "blue"}
