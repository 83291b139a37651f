"""A page whose tags come again is read as one of which nothing is known beforehand."""

import gc
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.paper import Span
from gatepost.verify.reading import html_ahead
from gatepost.verify.reading.html_page import Page
from gatepost.verify.reading.html_scan import scan
from gatepost.verify.reading.html_sheet import Sheet
from gatepost.verify.reading.html_walk import walk
from gatepost.verify.reading.html_writing import Views, Writing
from gatepost.verify.reading.marks import Marks

_TAGS = (
    "a", "b", "i", "p", "div", "span", "table", "tr", "td", "th", "ul", "ol", "li", "h1", "blockquote", "pre", "font",
    "center", "svg", "g", "math", "col", "select", "details", "summary", "u",
)  # fmt: skip
_ATTRIBUTES = (
    "", ' style="padding:4px"', ' style="display:none"', ' style="visibility:visible"', ' class="x"', ' class="y z"',
    ' href="https://a.example/"', ' href="https://b.example/x"', " hidden", " open", ' type="cite"', ' width="3"',
    ' role="presentation"', ' style="overflow:hidden;height:0"', ' style="overflow:hidden;height:20px;width:60px"',
    ' style="color:#fff"', ' title="some more words"',
    ' style="display:table-column;visibility:collapse"', ' data-x="hello there"', "/",
)  # fmt: skip
_SHEETS = (
    "", "<style>.x{display:none}</style>", "<style>td .y{font-size:0}a:hover{color:red}</style>",
    '<style>td[width="3"]{display:none}</style>', "<style>p+p,td:first-child{display:none}</style>",
    "<style>.z{overflow:hidden;width:1px}</style>",
)  # fmt: skip
_starts = st.builds("<{}{}>".format, st.sampled_from(_TAGS), st.sampled_from(_ATTRIBUTES))
_ends = st.builds("</{}>".format, st.sampled_from(_TAGS))
_alone = st.sampled_from(
    [
        "<br>",
        "<hr>",
        '<img alt="two words">',
        "<img alt>",
        "<!-- said to nobody -->",
        " ",
        "\n  ",
        "<textarea>w</textarea>",
    ]
)
_texts = st.sampled_from(
    ["words", "two words ", " a", "\n", "&nbsp;", "1 < 2", "# head", "[x](y)", "bank.example", "g\u00fcn", "x\u200by"]
)


@st.composite
def pages(draw: st.DrawFn) -> str:
    """Write pages in which a few rows of tags come again and again."""
    rows = draw(
        st.lists(st.lists(_starts | _ends | _alone, min_size=1, max_size=6).map("".join), min_size=1, max_size=4)
    )
    pieces = draw(st.lists(st.sampled_from(rows) | _texts | _ends, min_size=1, max_size=40))
    head = draw(st.sampled_from(_SHEETS))
    return f"<html><head>{head}</head><body>{''.join(pieces)}"


def read(source: str, *, kept: int | None = None) -> tuple[Views, list[Span]]:
    """Read a page; ``kept``: how much is kept of what tags did, as much as always where nobody says."""
    marks = Marks()
    ahead = html_ahead.look_ahead(source)
    page = Page(Writing(0, marks), Sheet(len(source), is_quirky=ahead.is_quirky), None, frozenset())
    page.left = page.left if kept is None else kept
    for token in scan(source) if ahead.has_late_parts else ():
        page.look_ahead(token)
    is_whole = walk(page, source, is_ahead=ahead.has_late_parts)
    return page.views(is_cut=not is_whole), marks.spans


@given(pages(), st.integers(0, 12))
def test_what_is_known_of_tags_is_what_they_do(source: str, kept: int) -> None:
    found = read(source)
    assert found == read(source, kept=0)
    assert found == read(source, kept=kept)


def test_rows_that_come_again_are_read_alike_whatever_stands_between_them() -> None:
    row = '<tr><td style="padding:4px">some <b>words</b></td>\n<td class="x">more</td></tr>\n'
    views, spans = read(f"<style>.x{{display:none}}</style><table>{row * 3}<p>1 < 2 </p>{row}</table>")
    assert views.human.split() == ["some", "words"] * 3 + ["1", "<", "2"] + ["some", "words"]
    assert [span.text for span in spans] == ["more"] * 4


def test_boxes_that_come_again_count_their_own_lines_only() -> None:
    box = '<div style="overflow:hidden;height:40px;width:200px"><p>first line</p><p>second line</p></div>'
    views, spans = read(f"<body>{box * 4}")
    assert views.human.split("\n\n") == ["first line", "second line"] * 4
    assert spans == []


@pytest.mark.parametrize(("selector", "shown"), [("p:first-ch/**/ild", "other"), ("p:la/**/ng(de)", "one")])
def test_a_comment_within_a_word_of_a_selector_does_not_hide_what_it_asks(selector: str, shown: str) -> None:
    rows = '<div><p lang="en">one</p><p lang="de">other</p></div>'
    views, spans = read(f"<style>{selector}{{display:none}}</style><body>{rows}")
    assert views.human == shown
    assert [span.text for span in spans] == [{"one": "other", "other": "one"}[shown]]


def test_what_was_kept_of_a_page_is_gone_with_it() -> None:
    source = "".join(f'<div class="c{at}"><p>words</p></div>' for at in range(500))
    read(source)
    gc.collect()
    gc.disable()
    try:
        read(source)
        assert gc.collect() < 100
    finally:
        gc.enable()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "source",
    [
        "".join(f'<i style="z:{at}"></i>' for at in range(80_000)),
        "<div>" * 9_000 + "".join(f"</x{at}>" for at in range(150_000)),
        "<b></b>" * 250_000,
        "<b>" * 9_000 + "</b><b> <i>y</i>" * 100_000,
        '<b a="' + "<i>" * 600_000,
        "<b> <" * 350_000,
        "a<b " * 400_000,
    ],
    ids=["styles", "ends", "one row", "depth", "quoted", "signs", "begun"],
)
def test_hostile_rows_take_linear_time(source: str) -> None:
    began = time.thread_time()
    read(source[: len(source) // 4])
    quarter = time.thread_time() - began
    began = time.thread_time()
    read(source)
    assert time.thread_time() - began < 12 * quarter + 1
