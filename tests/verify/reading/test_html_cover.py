"""Covers: words under an opaque box are not seen, and those beside, above or before one are."""

import pytest

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_page
from gatepost.verify.reading.html_cover import MAX_COMPARED, MAX_WRITTEN, Covers
from gatepost.verify.reading.marks import Marks

LATER = "The key is with the porter."
UP, FIRST = "position:relative;top:-24px", "grid-area:1/1"
AFTER = "p{position:relative}p::after{content:'';position:absolute;inset:0;background:#fff}"


def human(source: str) -> str:
    return html_page.read(source, 0, Marks()).human


@pytest.mark.parametrize(
    "source",
    [
        f"<div style='position:relative'>words<p style='position:absolute;inset:0;background:#fff'>{LATER}</p></div>",
        f"<p style='margin:0;height:24px'>words</p><p style='margin:0;{UP};background:#fff'>{LATER}",
        f"<div style='display:grid'><p style='{FIRST}'>words</p><p style='{FIRST};background:#fff'>{LATER}</div>",
        f"<table width=300><tr><td>words</table><table bgcolor=#ffffff width=300 height=60 style='{UP}'><td>{LATER}",
        f"<style>{AFTER}</style><p>words</p><div>{LATER}</div>",
        f"words<div style='position:fixed;inset:0;background:#fff'>{LATER}</div>",
    ],
)
def test_words_under_an_opaque_box_are_a_span(source: str) -> None:
    marks = Marks()
    shown = html_page.read(source, 0, marks).human
    assert (LATER in shown, "words" in shown) == (True, False)
    assert [span.text for span in marks.spans if span.technique is Technique.CLIPPED] == ["words"]


@pytest.mark.parametrize(
    "box",
    [
        "position:absolute;inset:0",
        "position:absolute;inset:0;background:rgba(255,255,255,.4)",
        "position:absolute;inset:0;background:#fff;opacity:.5",
        "position:absolute;inset:0;background:#fff;z-index:-1",
        "position:absolute;top:0;right:0;width:40px;height:40px;background:#c00",
        "position:absolute;left:0;bottom:-3px;width:100%;height:2px;background:#036",
        "position:absolute;inset:0;background:#fff;visibility:hidden",
        "margin-top:-18px;background:#fff",
    ],
)
def test_what_lets_them_through_lies_behind_or_lies_beside_hides_nothing(box: str) -> None:
    assert "words" in human(f"<div style='position:relative;z-index:0;width:400px'>words<p style='{box}'></p></div>")


def test_words_that_stand_above_what_came_before_are_seen() -> None:
    ground = "<div style='position:absolute;inset:0;background:#036'></div>"
    words = "<p style='position:relative;color:#fff;background:#036'>words</p>"
    assert "words" in human(f"<div style='position:relative'>{ground}{words}</div>")
    assert "words" not in human(f"<div style='position:relative'>{ground}<p>words</p></div>")


def test_what_nobody_compares_cuts_the_reading() -> None:
    box = "<p style='position:relative;background:#fff'>x</p>"
    assert not html_page.read(box * 100, 0, Marks()).is_cut
    assert html_page.read(box * (int(MAX_COMPARED**0.5) + 1), 0, Marks()).is_cut
    written = "<style>b::after{content:'';position:absolute}</style>"
    assert html_page.read(written + "<b>x</b>" * (MAX_WRITTEN + 1), 0, Marks()).is_cut


def test_sizes_without_sense_raise_nothing() -> None:
    for style in ("font-size:0", "width:1e30px", "width:0;font-size:calc(infinity*1px)", "margin:-1e30px"):
        html_page.read(f"<ul style='position:relative;{style}'>words<b>words</b></ul>", 0, Marks())


def test_covers_end_with_what_is_open() -> None:
    assert Covers().covered() == frozenset()
