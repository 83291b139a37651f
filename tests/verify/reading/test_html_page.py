import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.paper import Span, Technique
from gatepost.verify.reading import html_cover, html_open, html_page
from gatepost.verify.reading.html_writing import Views
from gatepost.verify.reading.marks import Marks


def read(source: str) -> tuple[Views, list[Span]]:
    marks = Marks()
    return html_page.read(source, 0, marks), marks.spans


@pytest.mark.parametrize(
    ("source", "human", "hidden"),
    [
        ("<p>Hi <b>you</b></p>", "Hi you", ""),
        ("a<br>b<div>c</div>d", "a\nb\nc\nd", ""),
        ("<p style='display:none'>h<p>seen", "seen", "h"),
        ("<div style=display:none><table><tr><td></div>h</table></div>v", "v", "h"),
        ("<style>.x{display:none}</style><i class='y x'>h</i>v", "v", "h"),
        ("<style>p#x, b.y{font-size:0}</style><p id=x>h</p><b class=y>i</b><p class=y>v</p>", "v", "h\ni"),
        ("<style>@media (max-width:1px){.y{display:none}}</style><i class=y>v</i>", "v", ""),
        ("<p><font style='font-size:0'>h</p><p>i</p>", "", "h\ni"),
        ("<ul><li style='display:none'>h<li>v<ul><li>w</ul></ul>", "v\n\nw", "h"),
        ("<title>t</title><script>s</script><!-- c -->v", "v", "t|s"),
        ("<textarea><b>x</textarea>", "<b>x", ""),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc", ""),
        ("<template>t</template><noscript>n</noscript>v", "nv", "t"),
        ("<details><summary>s</summary>h</details><dialog>i</dialog>", "s", "h\ni"),
        ("<pre>a\n  b</pre>", "a\n  b", ""),
        ("a&nbsp; \n b", "a b", ""),
        ("<i class=y>h</i>v<style>.y{display:none}</style>", "v", "h"),
        ("<body><p>v</p></body>", "v", ""),
        ("<textarea hidden>h</textarea><xmp style='font-size:0'>i</xmp>v", "v", "h|i"),
        ("<svg width=0><text>h</text></svg><svg><desc>i</desc><text>v</text></svg>", "v", "h|i"),
        ("<math><mi>v</mi><annotation>h</annotation></math><desc>w</desc>", "vw", "h"),
        ("<ruby>v<rp>h</rp></ruby>", "v", "h"),
        ("<style>p+p{display:none}</style><p>v</p><br><p>w</p><p>h</p>", "v\n\nw", "h"),
        ("<style media=print>.q{display:none}</style><p class=q>v", "v", ""),
        ("<style type='text/x'>.q{display:none}</style><p class=q>v", "v", ""),
        ("<style media=screen type=text/css>.q{display:none}</style><p class=q>h<p>v", "v", "h"),
        ("<p class=q>h<style>.q{display:none}</style><p>v<style media=print>p{display:none}</style>", "v", "h"),
        ("<head><style>p:nth-child(2){display:none}</style></head><body><p>v</p><p>h</p>", "v", "h"),
        ("<div><style>p:nth-child(2){display:none}</style><p>h</p><p>v</p></div>", "v", "h"),
        ("<html><head><style>html{color:#fff}</style></head><body><p>h</p></body></html>", "", "h"),
        ("<html lang=en><head><style>:root{visibility:hidden}.s{visibility:visible}</style><p>h<p class=s>v", "v", "h"),
        ("<html><style>html p{display:none}</style><body class=b><p>h</p><i>v</i>", "v", "h"),
        ("<html class=x><style>.x{color:#fff}body{color:#000}</style>v", "v", ""),
    ],
)
def test_what_a_person_sees_is_told_from_what_they_do_not(source: str, human: str, hidden: str) -> None:
    views, spans = read(source)
    assert views.human == human
    assert "|".join(span.text for span in spans).replace("t\nn", "tn") == hidden


@pytest.mark.parametrize(
    ("source", "technique"),
    [
        ("<p style='display:none'>two words", Technique.DISPLAY_NONE),
        ("<p style='visibility:hidden'>two words", Technique.VISIBILITY_HIDDEN),
        ("<p style='font-size:0'>two words", Technique.ZERO_SIZE),
        ("<p style='opacity:0'>two words", Technique.ZERO_OPACITY),
        ("<p style='color:#fff'>two words", Technique.SAME_COLOUR),
        ("<p style='position:absolute;left:-999px'>two words", Technique.OFF_SCREEN),
        ("<p style='overflow:hidden;height:0'>two words", Technique.CLIPPED),
        ("<p hidden>two words", Technique.HIDDEN_ATTRIBUTE),
        ("<!-- two words -->", Technique.HTML_COMMENT),
        ("<!--[if mso]><p>two words</p><![endif]-->", Technique.HTML_COMMENT),
        ("<template>two words</template>", Technique.NOT_RENDERED),
        ("<title>two words</title>", Technique.META),
        ("<meta name=x content='two words'>", Technique.META),
        ("<img alt='two words'>", Technique.ALT_TEXT),
        ("<p title='two words'>", Technique.TITLE_TEXT),
        ("<p aria-label='two words'>", Technique.LABEL_TEXT),
        ("<p data-x='two words'>", Technique.LABEL_TEXT),
        ("<input type=hidden value='two words'>", Technique.FORM_VALUE),
        ("<a href='https://evil.example/x'>https://bank.example</a>", Technique.MISMATCHED_LINK),
        ("<a href='https://b\u0430nk.example/'>here</a>", Technique.HOMOGLYPH_DOMAIN),
        ("<p>x&#xE0061;&#xE0062;</p>", Technique.TAG_CHARACTERS),
    ],
)
def test_each_technique_is_named_where_it_stands(source: str, technique: Technique) -> None:
    _, (span,) = read(source)
    assert (span.technique, span.place) == (technique, "html")
    assert 0 <= span.start < span.end <= len(source)


@pytest.mark.parametrize(
    "source",
    [
        "<!DOCTYPE html><!--[if mso]><![endif]--><!--[if !mso]><!-->x<!--<![endif]-->",
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1.dtd">x',
        "<a href='https://www.shop.example/x'>shop.example</a>",
        "<a href='https://click.shop.example/x'>https://shop.example/y</a>",
        "<a href='https://shop.example/x'>Read more. Now.</a>",
        "<img alt=Logo width=1><style>/* two */ .a{color:red}</style>",
    ],
)
def test_what_any_newsletter_has_is_no_difference(source: str) -> None:
    assert read(source)[1] == []


def test_quotations_that_mail_programs_mark_are_set_apart() -> None:
    views, _ = read("<p>Yes.</p><blockquote type=cite>Can you?<br>Bob</blockquote><p>Ann</p>")
    assert (views.model, views.quoted) == ("Yes.\n\n>\n\nAnn", "Can you?\nBob")
    assert views.human == "Yes.\n\nCan you?\nBob\n\nAnn"


def test_a_document_too_long_is_cut_and_says_so() -> None:
    assert read("x" * (html_page.MAX_CHARS + 1))[0].is_cut


def test_a_document_too_deep_is_read_up_to_there_and_says_so() -> None:
    """What a browser would hide there is not shown either, for nothing of it is read."""
    deep = "<div>" * (html_open.MAX_OPEN - 2)
    assert not read(f"{deep}v")[0].is_cut
    views, _ = read(f"<style>div div{{color:red}}</style>{deep}v<div><div><div><i hidden>h</i>w")
    assert views.is_cut
    assert views.human == "v"


@pytest.mark.timeout(120)
def test_documents_of_many_elements_in_one_another_take_little_memory() -> None:
    """A megabyte of them took 300 MB, each level a look of its own."""
    tracemalloc.start()
    try:
        read("<style>div div div div{color:red}div>div+div{display:none}</style>" + "<div>" * 100_000)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 40_000_000


def test_a_document_of_too_many_boxes_is_cut_and_says_so() -> None:
    """Each takes memory and time as long as something may lie upon it."""
    upon = "<p style='position:absolute;background:red'>v</p>"
    assert not read(upon + "<b></b>" * 1_000)[0].is_cut
    assert read(upon + "<b></b>" * html_cover.MAX_BEGUN)[0].is_cut


def test_lines_across_the_page_count_as_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_cover, "MAX_BEGUN", 100)
    begun, begin = list[str](), html_cover.Covers.begin

    def counted(self: html_cover.Covers, tag: str, *args: Any) -> None:
        begun.append(tag)
        begin(self, tag, *args)

    monkeypatch.setattr(html_cover.Covers, "begin", counted)
    assert read("<p style='position:absolute;background:red'>v</p>" + "<hr>" * 1_000)[0].is_cut
    assert len(begun) < 110


PIECES = [
    "<p>", "</p>", "<td>", "<table>", "</table>", "<b style=display:none>", "</b>", "<li>", "</td>", "<tr>",
    "<i class=a>", "</i>", "<a href=y>", "</a>", "<ul>", "</ul>", "<h1>", "</h1>", "<blockquote type=cite>",
    "</blockquote>", "<pre>", "</pre>", "<br>", " ", "x",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_every_word_ends_up_in_one_of_both_views_and_in_the_models(pieces: list[str]) -> None:
    views, spans = read("".join(pieces))
    hidden = "".join(span.text for span in spans)
    assert (views.human + hidden).count("x") == pieces.count("x")
    assert (views.model + views.quoted).count("x") == views.human.count("x")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<div>", "<p><b style=display:none>", "<ul><li>", "<table><tr><td>", "<style>.a{",
                                   "<style>a,", "<style>@", "<style>.a{x:y}", "<table><tr><td>x<td>y",
                                   "<a href=x>y", "<blockquote type=cite>x", "</div>x<br>", "<h1>", "<!-- a"]
                         )  # fmt: skip
def test_documents_that_break_tree_builders_take_linear_time(piece: str) -> None:
    read(piece * (400_000 // len(piece)))


@pytest.mark.timeout(20)
def test_many_attributes_and_many_formats_take_linear_time() -> None:
    read("<a " + " ".join(f"x{at}" for at in range(60_000)) + ">")
    read("".join(f"<p><b class=c{at} style=opacity:0>" for at in range(15_000)))


HOSTILE = {
    "places": ("p" + ":nth-child(n)" * 75 + "{color:red}", "<p>x"),
    "classes": (".a" * 480 + "{color:red}", "<p class=a>x"),
    "attributes": ("p" + "[a^=b]" * 160 + "{color:red}", "<p a=b>x"),
    "denials": ("p" + ":not(.b)" * 120 + "{color:red}", "<p>x"),
    "what is around": ("q div div div p{color:red}", "<div><p>x"),
    "custom properties": ("*{" + "".join(f"--a{at}:b;" for at in range(2_000)) + "}", "<p style='top:0'>x"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_style_sheet_costs_more_than_its_octets(name: str) -> None:
    """Four times the elements cost some four times the time, whatever each of them is asked."""
    rule, element = HOSTILE[name]
    spent = []
    for count in (1_500, 6_000):
        started = time.process_time()
        html_page.read(f"<style>{rule * 20}</style>{element * count}", 0, Marks())
        spent.append(time.process_time() - started)
    assert spent[1] < 12 * spent[0] + 1.0


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["<div>x ", "<b>xx yy <i>"])
def test_words_deep_inside_what_cuts_cost_no_more_than_their_octets(piece: str) -> None:
    """Each text once asked all elements around it how far down it stands."""
    spent = []
    for count in (1_000, 8_000):
        started = time.process_time()
        html_page.read(f"<div style='overflow:hidden;width:90px;height:9px'>{piece * count}", 0, Marks())
        spent.append(time.process_time() - started)
    assert spent[1] < 24 * spent[0] + 0.5


PILED = {
    "moves": "<div style='transform:scale(.99);overflow:hidden;height:9px;position:relative'>x",
    "groups": "<div style='mix-blend-mode:screen;filter:invert(1)'>x",
    "drawings": "<svg><g transform='scale(2)'><rect width=99 height=99 /><text>x",
    "brackets": f"<p style='background:{'a(a ' * 450}'>x",
}


@pytest.mark.parametrize("name", PILED)
def test_what_piles_up_costs_no_more_than_its_octets(name: str) -> None:
    spent = []
    for count in (400, 1_600):
        started = time.process_time()
        html_page.read(PILED[name] * count, 0, Marks())
        spent.append(time.process_time() - started)
    assert spent[1] < 12 * spent[0] + 1.0


@pytest.mark.parametrize(
    ("inside", "is_shown"),
    [
        ("Hi<br><br><br>two words", False), ("<p>a</p><p>b</p><p>two words</p>", False), ("two words", True),
        ("<table><tr><td>a<br>b<td>two words</table>", True), ("<div style='padding-top:50px'>two words</div>", False),
        ("<br><br><br><div style='position:absolute'>two words</div>", True),
    ],
)  # fmt: skip
def test_lines_move_what_follows_out_of_a_low_box(inside: str, *, is_shown: bool) -> None:
    views, spans = read(f"Dear Bob <div style='overflow:hidden;height:20px'>{inside}</div>")
    assert ("two words" in views.human) is is_shown
    assert any("two words" in span.text for span in spans) is not is_shown


@pytest.mark.parametrize(
    "source",
    [
        "<dialog style='display:block'>two words</dialog>", "<div popover style='display:block'>two words</div>",
        "<object>two words</object>", "<div style='color:#fff'><a href=x>two words</a></div>",
    ],
)  # fmt: skip
def test_what_a_browser_hides_or_paints_by_itself_a_style_may_change(source: str) -> None:
    assert read(source)[0].human == "two words"


def test_a_link_may_take_the_colour_around_it() -> None:
    assert read("<div style='color:#fff'><a href=x style='color:inherit'>two words</a></div>")[0].human == ""


def test_a_sheet_asked_too_much_is_told_and_hides_by_the_last_name() -> None:
    rule, element = HOSTILE["places"]
    marks = Marks()
    source = f"<style>{rule * 20}.q{{display:none}}</style>{element * 3_000}<p class=q>some words</p>"
    views = html_page.read(source, 0, marks)
    assert views.is_cut
    assert "some words" not in views.human
    assert {span.technique for span in marks.spans} == {Technique.UNREAD_STYLE, Technique.DISPLAY_NONE}


@pytest.mark.parametrize(
    "source",
    [
        "<style>" + (" ".join(["i"] * 15) + " &{") * 50 + "display:none" + "</style>" + "<i>" * 900 + "x",
        "<style>" + "[a]" * 100_000 + "{display:none}</style><p a>x",
        f"<style media='{'(a)' * 50_000}'>p{{display:none}}</style><p>x",
        " " * 300_000 + "<style>p{display:none}</style><p>x",
        "<style>" + ":is(" * 5_000 + "p{display:none}</style><p>x",
    ],
)
def test_what_is_written_to_break_a_reader_does_not(source: str) -> None:
    started = time.process_time()
    html_page.read(source, 0, Marks())
    assert time.process_time() - started < 5.0


@pytest.mark.parametrize("body", ["<p class=a>two words</p>", "<div><p class=a>two words</p></div>"])
@pytest.mark.parametrize("head", ["{}", "<html><head>{}</head><body>", "<html><body style='--b:1'>{}"])
def test_a_registered_property_has_its_initial_value_where_nobody_says_another(head: str, body: str) -> None:
    register = "<style>@property --v{syntax:'<number>';inherits:true;initial-value:0}.a{opacity:var(--v)}</style>"
    assert "two words" not in html_page.read(head.format(register) + body, 0, Marks()).human
    said = "<style>body{--v:1}</style>"
    assert "two words" in html_page.read(head.format(register + said) + body, 0, Marks()).human
