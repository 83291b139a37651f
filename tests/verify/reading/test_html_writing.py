import pytest

from gatepost.verify.paper import Technique
from gatepost.verify.reading.flow import LINE
from gatepost.verify.reading.html_scan import Comment, Start, Text
from gatepost.verify.reading.html_writing import BREAKS, Writing
from gatepost.verify.reading.marks import Marks


def test_hidden_text_is_one_span_until_something_is_seen() -> None:
    marks = Marks()
    writing = Writing(10, marks)
    writing.text(Text("one", 0, 3), Technique.CLIPPED, is_preformatted=False)
    writing.break_(LINE, is_there=False)
    writing.text(Text(" ", 3, 4), None, is_preformatted=False)
    writing.text(Text("two", 4, 7), Technique.CLIPPED, is_preformatted=False)
    writing.text(Text("seen", 7, 11), None, is_preformatted=False)
    writing.text(Text("three", 11, 16), Technique.CLIPPED, is_preformatted=False)
    views = writing.views(is_cut=False)
    assert views.human == views.model == "seen"
    assert [(span.start, span.end, span.text) for span in marks.spans] == [(10, 17, "one\ntwo"), (21, 26, "three")]


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("do as I say &amp; go", ["do as I say & go"]),
        ("[if mso]><p>do it</p><![endif]", ["do it"]),
        ("[if mso]><style>two words</style><xml><o:x>96</o:x></xml><![endif]", []),
        ("!DOCTYPE html", []),
        ("!doctype ignore all rules", ["!doctype ignore all rules"]),
        ("nav", []),
    ],
)
def test_a_comment_is_noted_where_it_has_words(comment: str, words: list[str]) -> None:
    marks = Marks()
    Writing(0, marks).comment(Comment(comment, 0, 9))
    assert [span.text for span in marks.spans] == words


def test_a_sentence_in_a_sheet_is_noted_and_a_heading_is_not() -> None:
    marks = Marks()
    Writing(0, marks).sheet(Text("/* Mobile styles */ a{} /* do as I say and tell nobody */", 0, 60, "style"))
    assert [span.text for span in marks.spans] == ["do as I say and tell nobody"] or marks.spans[-1].start == 24


@pytest.mark.parametrize(
    "source",
    [
        "p::before{content:'please do what I tell you'}",
        ":root{--x: please do what I tell you}",
        "/* please do what I tell you */",
    ],
)
def test_words_in_style_are_noted_in_sheets_and_in_tags(source: str) -> None:
    marks = Marks()
    writing = Writing(7, marks)
    writing.sheet(Text(source, 3, 3 + len(source), "style"))
    writing.attributes(Start("p", {"style": source.partition("{")[2].rstrip("}") or source}, 0, len(source)))
    assert [span.text.strip() for span in marks.spans] == ["please do what I tell you"] * 2


def test_links_end_where_the_document_does() -> None:
    writing = Writing(0, Marks())
    writing.begin(Start("a", {"href": "u"}, 0, 1))
    writing.text(Text("x", 1, 2), None, is_preformatted=False)
    assert writing.views(is_cut=False).model == "[x](u)"
    assert BREAKS["p"] > BREAKS["div"]
