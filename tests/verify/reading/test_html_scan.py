import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading.html_scan import Comment, End, Start, Text, scan


def test_tags_attributes_and_text_know_their_places() -> None:
    source = "a<B Class=\"x y\" id='1' n=2 hidden>&lt;b</b ><br/>"
    assert list(scan(source)) == [
        Text("a", 0, 1),
        Start("b", {"class": "x y", "id": "1", "n": "2", "hidden": ""}, 1, 34),
        Text("<b", 34, 39),
        End("b", 44),
        Start("br", {}, 44, 49, is_closed=True),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<!-- <b> -->", " <b> "), ("<!DOCTYPE html>", "!DOCTYPE html"), ("<?xml x?>", "?xml x?"), ("<!-->", ""),
        ("<!--->", ""), ("<!-- open <b>", " open <b>"), ("</1>", "1"), ("<!--a--!>", "a"), ("</ a>", " a"), ("</>", ""),
    ],
)  # fmt: skip
def test_comments_and_their_like_are_told_apart(source: str, text: str) -> None:
    assert list(scan(source)) == [Comment(text, 0, len(source))]


def test_a_less_than_sign_is_text() -> None:
    assert "".join(token.text for token in scan("1 < 2 <3 </") if isinstance(token, Text)) == "1 < 2 <3 </"


def test_nothing_after_a_tag_that_never_ends_is_shown() -> None:
    assert list(scan('a<b title="x>hidden')) == [Text("a", 0, 1), Comment('b title="x>hidden', 1, 19)]


def test_raw_text_holds_no_tags() -> None:
    assert list(scan("<style><b></STYLE >x")) == [
        Start("style", {}, 0, 7), Text("<b>", 7, 10, "style"), End("style", 19), Text("x", 19, 20),
    ]  # fmt: skip
    assert list(scan("<script>&lt;"))[1] == Text("&lt;", 8, 12, "script")
    assert list(scan("<title>&lt;"))[1] == Text("<", 7, 11, "title")


@given(
    st.lists(st.tuples(st.text("aB1:-.", min_size=1, max_size=50), st.text("a &lt;>'/=\n", max_size=9)), max_size=70),
    st.sampled_from(["", " ", "\n"]),
    st.sampled_from(["", "/"]),
)
def test_a_tag_is_the_same_however_its_attributes_are_quoted(
    pairs: list[tuple[str, str]], space: str, slash: str
) -> None:
    pairs = [(f"a{name}", value.replace("'", "")) for name, value in pairs]
    found = [
        list(scan(f"<Td{''.join(f' {name}={sign}{value}{sign}' for name, value in pairs)}{space}{slash}>"))
        for sign in "\"'"
    ]
    assert found[0] == found[1]


@given(st.text("<>/!-='\" abscripttyle&;#x1é", max_size=200))
def test_any_text_is_scanned_in_order(source: str) -> None:
    behind = 0
    for token in scan(source):
        start = behind if isinstance(token, End) else token.start
        assert behind <= start <= token.end <= len(source)
        behind = token.end


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece", ["<", "<a", '<a x="', "<!--", "<!-- -", "<a ", "= ", "/ ", "&", "<title></titl", "<a x x1 ", "<b/"]
)
def test_long_hostile_documents_take_linear_time(piece: str) -> None:
    list(scan("<a " + piece * (1_000_000 // len(piece))))
    list(scan(piece * (1_000_000 // len(piece))))
