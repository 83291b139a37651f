import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.html_animation import MAX_FRAMES, Animations
from gatepost.verify.reading.marks import Marks

FADE_OUT = "@keyframes go{to{opacity:0}}"
FADE_IN = "@keyframes go{from{opacity:0}to{opacity:1}}"
BLINK = "@keyframes go{0%,100%{opacity:1}50%{opacity:0}}"
NEVER = "@keyframes go{from,to{visibility:hidden}}"


def is_shown(sheet: str, style: str) -> bool:
    marks = Marks()
    views = html_page.read(f"<style>{sheet} .k{{{style}}}</style><p>Dear Bob<p class=k>words", 0, marks)
    shown = "words" in views.human
    assert shown is not any("words" in span.text for span in marks.spans)
    return shown


@pytest.mark.parametrize(
    ("sheet", "style"),
    [
        (FADE_OUT, "animation: go 1ms forwards"),
        (FADE_OUT, "animation-name: go; animation-duration: 1ms; animation-fill-mode: both"),
        (FADE_OUT, "-webkit-animation: 'go' 1ms ease-in forwards"),
        (FADE_OUT.replace("@keyframes", "@-webkit-keyframes"), "animation: x 1s, GO 1ms forwards"),
        (FADE_IN, "animation: go 1s paused"),
        (FADE_IN, "animation: go 9999s"),
        (FADE_IN, "animation: go 1s 9999s both"),
        (FADE_IN, "animation: go 1s reverse forwards"),
        (NEVER, "animation: go 1s infinite"),
        (FADE_IN + FADE_OUT, "animation: go 1s forwards"),
        ("@media screen{" + FADE_OUT + "}", "animation: go 1s forwards"),
        ("@keyframes go{100%{display:none}}", "animation: go .1s forwards"),
        ("@keyframes go{to{color:#fff}}", "animation: go 1s forwards"),
    ],
)
def test_words_are_hidden_that_an_animation_leaves_hidden(sheet: str, style: str) -> None:
    assert not is_shown(sheet, style)


@pytest.mark.parametrize(
    ("sheet", "style"),
    [
        (FADE_OUT, "animation: go 1s"),
        (FADE_OUT, "animation: other 1s forwards"),
        (FADE_OUT, "animation: go 1s forwards; opacity: 1 !important"),
        (FADE_IN, "opacity: 0; animation: go 1s forwards"),
        (BLINK, "animation: go 2s infinite"),
        (FADE_OUT, "animation: go 1s infinite"),
        (FADE_OUT + FADE_IN, "animation: go 1s forwards"),
        ("@media print{" + FADE_OUT + "}", "animation: go 1s forwards"),
        ("@keyframes go{off{opacity:0}}", "animation: go 1s forwards"),
        ("@keyframes go{to{opacity:0}}", "animation: none"),
        ("@keyframes go{to{opacity:0 !important}}", "animation: go 1s forwards"),
    ],
)
def test_words_are_shown_that_come_back_or_never_go(sheet: str, style: str) -> None:
    assert is_shown(sheet, style)


def test_an_element_s_own_style_may_name_an_animation_of_a_sheet() -> None:
    views = html_page.read(f"<style>{FADE_OUT}</style><p style='animation: go 1s forwards'>words", 0, Marks())
    assert "words" not in views.human


def test_more_frames_than_anybody_needs_are_not_kept() -> None:
    animations = Animations()
    assert all(animations.add(f"a{number}", object(), "to", {"opacity": "0"}) for number in range(MAX_FRAMES))
    assert not animations.add("one-more", object(), "to", {"opacity": "0"})
    assert animations.left({"animation": "one-more 1s forwards"}) == {}
    marks = Marks()
    sheet = "".join(f"@keyframes a{number}{{to{{opacity:0}}}}" for number in range(MAX_FRAMES + 1))
    html_page.read(f"<style>{sheet}</style><p>words", 0, marks)
    assert [span.technique.value for span in marks.spans] == ["unread-style"]


@pytest.mark.timeout(30)
def test_hostile_animations_take_bounded_time() -> None:
    frames = "".join(f"{at / 10}%{{color:#{at:06x};top:{at}px}}" for at in range(900))
    many = ";".join(f"x{number}:1" for number in range(20_000))
    elements = "".join(f"<p class=k style='top:{at}px'>w" for at in range(10_000))
    sheet = f"@keyframes go{{{frames}to{{{many};opacity:0}}}}.k{{animation:go 1s infinite, go 1s forwards}}"
    html_page.read(f"<style>{sheet}</style>{elements}", 0, Marks())
