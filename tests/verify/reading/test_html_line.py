"""Words in lines that are full, and boxes that stand side by side or below one another in what cuts them."""

import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.marks import Marks

LONG = "Thank you for your order of last week, which we will send in the coming days as you wished. "
NOWRAP = "white-space:nowrap;overflow:hidden;width:300px"
LOW = "overflow:hidden;width:300px;height:20px"


def views(body: str) -> tuple[bool, bool]:
    """Return whether LAST WORDS are seen, and whether a span holds them."""
    marks = Marks()
    human = html_page.read(body, 0, marks).human
    return "LAST WORDS" in human, any("LAST WORDS" in span.text for span in marks.spans)


@pytest.mark.parametrize(
    "body",
    [
        f'<div style="{NOWRAP}">{LONG}LAST WORDS</div>',
        f'<div style="{NOWRAP}"><b>{LONG}</b><i>LAST WORDS</i></div>',
        f'<div style="{NOWRAP};text-overflow:ellipsis">{LONG}<span style="color:red">LAST WORDS</span></div>',
        f'<div style="white-space:pre;overflow:clip;width:300px">Thanks{" " * 150}LAST WORDS</div>',
        f'<div style="{LOW}">{LONG}LAST WORDS</div>',
        f'<div style="{LOW}"><span>{LONG}</span>LAST WORDS</div>',
        f'<div style="{LOW}"><div style="height:90px"></div><p>LAST WORDS</p></div>',
        f'<div style="{LOW}"><div style="position:relative;height:90px"></div><p>LAST WORDS</p></div>',
        (
            f'<div style="{LOW};width:100px"><div style="float:left;width:90px;height:20px"></div>'
            '<div style="float:left;width:100px">LAST WORDS</div></div>'
        ),
        (
            f'<div style="{LOW};width:100px"><i style="display:inline-block;width:100px">a</i>'
            '<i style="display:inline-block;width:100px">LAST WORDS</i></div>'
        ),
        '<div style="overflow:hidden;height:30px"><p style="margin:0;translate:0 300%">LAST WORDS</p></div>',
        '<div style="overflow:hidden;height:30px"><p style="transform:translateY(90px)">LAST WORDS</p></div>',
    ],
)
def test_words_beyond_a_full_line_or_box_have_their_span(body: str) -> None:
    assert views(body) == (False, True)


@pytest.mark.parametrize(
    "body",
    [
        f'<div style="{NOWRAP}">Thank you. LAST WORDS</div>',
        f'<div style="{NOWRAP.replace("hidden", "auto")}">{LONG}LAST WORDS</div>',
        f'<div style="{NOWRAP}"><div>{LONG}</div><div>LAST WORDS</div></div>',
        f'<div style="{NOWRAP}">{LONG}<br>LAST WORDS</div>',
        f'<div dir="rtl" style="{NOWRAP}">{LONG}LAST WORDS</div>',
        f'<div style="white-space:pre;overflow:hidden;width:300px">{LONG}\nLAST WORDS</div>',
        f'<pre style="overflow:hidden;width:300px;height:90px">{LONG}\nLAST WORDS</pre>',
        f'<div style="{LOW};height:60px">{LONG}LAST WORDS</div>',
        f'<div style="{LOW}"><div style="display:none;height:90px">{LONG}</div>LAST WORDS</div>',
        f'<div style="{LOW}"><div style="height:90px;margin-bottom:-90px"></div><p>LAST WORDS</p></div>',
        f'<div style="{LOW};display:flex"><div><br><br><br>a</div><div>LAST WORDS</div></div>',
        f'<div style="{LOW}"><div style="height:90px;position:absolute"></div>LAST WORDS</div>',
        (
            f'<div style="{LOW}"><div style="float:left;width:90px;height:20px"></div>'
            '<div style="float:left;width:100px">LAST WORDS</div></div>'
        ),
        '<div style="overflow:hidden;width:200px"><span style="margin-left:400px">LAST WORDS</span></div>',
        '<div style="overflow:hidden;height:30px;transform:translateY(90px)">LAST WORDS</div>',
    ],
)
def test_words_that_a_line_or_box_has_room_for_are_seen(body: str) -> None:
    assert views(body) == (True, False)


def test_a_text_is_parted_at_a_word_and_loses_none() -> None:
    marks = Marks()
    human = html_page.read(f'<div style="{NOWRAP}">{LONG}</div>', 0, marks).human
    (span,) = marks.spans
    assert f"{human} {span.text}" == LONG.strip()
    assert 48 < len(human) < 70, "as many letters as narrow ones there is room for"


def test_letters_without_size_fill_no_line() -> None:
    assert views('<div style="overflow:hidden;height:9px;font-size:0">LAST WORDS</div>') == (False, True)
