import pytest

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_style import NO_STYLE, Look, Style, declarations, look_below

HIDING = [
    "display:none!important;display:block", "transform:translateX(-9999px)", "margin-left:-5000px",
    "overflow:hidden;width:0", "background:url(x.png);color:transparent",
    "display:none", "DISPLAY : None !important", "visibility:hidden", "opacity:0", "font-size:0", "font-size:1px",
    "font:0/0 a", "max-height:0;overflow:hidden", "position:absolute;left:-9999px", "text-indent:-999em",
    "color:hsl(0, 0%, 100%)", "color:rgb(100% 100% 100%)", "color:#0000", "color:ffffff", "color:rgba(0,0,0,.01)",
    "-webkit-text-fill-color:transparent", "background:linear-gradient(#fff, white);color:#fff", r"displ\61y:n\6f ne",
    "display:/**/none", "display:none;background:url(x;display:block)", "display:none;font-family:'a;display:block'",
    "quotes:'/*';display:none;content:'*/'", "display:none;--x:(;display:block", "display:none;display:block !ie",
    "font-size:calc(1px * 0)", "font-size:calc(16px / 100)", "font-size:calc(calc(0px))",
    "display:var(--z,var(--y,none))", "--a:none;--b:var(--a);display:var(--b)",
"display:table-column", "--d:none;display:var(--d)", "display:var(--e, none)",
    "content-visibility:hidden", "opacity:1%", "filter:opacity(0)", "letter-spacing:-1em", "font-size:calc(1px - 1px)",
    "font-size:1e-3px", "font-size:+0px", "font-size:.1mm", "font: bold 0.5px/1 Arial", "height:0;overflow-y:scroll",
    "transform:scale(1, 0)", "scale:0", "transform:rotateY(90deg)", "clip-path:polygon(0 0, 0 0, 0 0)",
    "clip-path:inset(0 100% 0 0)", "position:absolute;left:9999px", "position:relative;left:-9e3px", "margin:-9999px",
    "position:fixed;inset:-9999px auto auto 0", "translate:-9999px", "transform:translate(0, -9999px)",
    "position:absolute;left:calc(-9999px)", "position:absolute;clip:rect(1px 1px 1px 1px)",
    "color:#fff", "color:white", "color:rgb(255, 255, 254)", "color:transparent", "color:rgba(1,2,3,0)",
    "display:none;display:banana", "block-size:0;overflow:hidden", "inset-inline-start:-9999px;position:absolute",
    "opacity:.05", "text-indent:100%;overflow:hidden", "-webkit-text-security:disc", "color:light-dark(white, black)",
    "transform:rotateY(180deg);backface-visibility:hidden", "color:Canvas",
    "clip-path:inset(100%)", "transform:scale(0)", "color:black;background:#000", "position:fixed;clip:rect(0,0,0,0)",
]  # fmt: skip
SHOWING = [
    "color:hsl(0 0% 50%)", "color:rgba(0,0,0,.5)", "letter-spacing:-1px", "transform:scale(.9)", "zoom:0",
    "filter:blur(0)",
    "position:relative;left:-5px", "margin:-10px 0", "clip-path:circle(40%)", "clip-path:inset(10% 0)",
    r"display:\62lock", "display:n/**/one", "display:none !ie",
    "background:linear-gradient(#000, #333);color:#fff", "font-size:calc(1px + 1em)", "--d:none", "display:var(--d)",
    "", "color:#000", "display:block", "font-size:12px", "visibility:visible", "max-height:0", "opacity:0.9",
    "position:absolute;left:10px", "color:white;background:#333", "color:#eee;background-color:rgb(0 0 0)", "x", ":;:",
    "font:12px/14px Arial", "color:nonsense", "color:#ff", "text-indent:-5px", "mso-hide:all", "opacity:0.5.5",
    "color:rgba(1,2,3,1.2.3)", "color:white;background:url(x.png) repeat #fff", "color:#fff;background:red no-repeat",
    "display:none;display:block", "display:none;display:inline-block", "text-indent:50%;overflow:hidden", "opacity:.1",
    "block-size:0", "transform:rotateY(180deg)", "color:light-dark(black, white)",
    "width:0%", "color:white;background-image:linear-gradient(red, blue)",
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


def test_what_shrinks_or_fades_bit_by_bit_is_gone_in_the_end() -> None:
    for style in ("font-size:20%", "font-size:.2em", "opacity:.2"):
        once = look_below(Look(), "p", {"style": style}, NO_STYLE)
        again = look_below(once, "p", {"style": style}, NO_STYLE)
        assert once.hidden_by is None
        assert look_below(again, "p", {"style": style}, NO_STYLE).hidden_by is not None
    assert (
        look_below(look_below(Look(), "p", {"style": "font-size:0"}), "b", {"style": "font-size:9px"}).hidden_by is None
    )


@pytest.mark.parametrize(
    "attributes", [{"opacity": "0"}, {"font-size": "0"}, {"fill": "white"}, {"fill": "none"}, {"x": "-9999"}]
)
def test_attributes_of_drawings_hide(attributes: dict[str, str]) -> None:
    assert look_below(Look(), "text", attributes).hidden_by is not None
    assert look_below(Look(), "p", attributes).hidden_by is None


def test_attributes_of_old_hide_too() -> None:
    assert look_below(Look(), "p", {"hidden": ""}, NO_STYLE).hidden_by is not None
    assert look_below(Look(), "font", {"color": "#ffffff"}, NO_STYLE).hidden_by is not None
    dark = look_below(Look(), "td", {"bgcolor": "black"}, NO_STYLE)
    assert dark.hidden_by is Technique.SAME_COLOUR
    assert look_below(dark, "font", {"color": "white"}, NO_STYLE).hidden_by is None


def test_later_declarations_win_and_comments_vanish() -> None:
    assert declarations("color:red;/* x:y; */COLOR:blue !important") == Style({"color": "red"}, {"color": "blue"})
