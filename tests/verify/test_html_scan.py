import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.html_scan import End, Start, Text, scan


def test_tags_attributes_and_text() -> None:
    assert list(scan("a<B Class=\"x y\" id='1' n=2 hidden>&lt;b</b ><br/>")) == [
        Text("a"),
        Start("b", {"class": "x y", "id": "1", "n": "2", "hidden": ""}),
        Text("<b"),
        End("b"),
        Start("br", {}),
    ]


@pytest.mark.parametrize(
    "source", ["<!-- <b> -->", "<!DOCTYPE html>", "<?xml x?>", "<!-->", "<!--->", "<!-- open <b>", "</1>"]
)
def test_comments_and_their_like_are_skipped(source: str) -> None:
    assert list(scan(source)) == []


def test_a_less_than_sign_is_text() -> None:
    assert "".join(token.text for token in scan("1 < 2 <3 </ >") if isinstance(token, Text)) == "1 < 2 <3 </ >"


def test_nothing_after_a_tag_that_never_ends_is_shown() -> None:
    assert list(scan('a<b title="x>hidden')) == [Text("a")]


def test_raw_text_holds_no_tags() -> None:
    assert list(scan("<style><b></STYLE >x")) == [Start("style"), Text("<b>", "style"), End("style"), Text("x")]
    assert list(scan("<script>x")) == [Start("script"), Text("x", "script")]


@given(st.text("<>/!-='\" abscripttyle&;#x1é", max_size=200))
def test_any_text_is_scanned(source: str) -> None:
    list(scan(source))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["<", "<a", '<a x="', "<!--", "<!-- -", "<a ", "= ", "/ ", "&", "<title></titl", "<a x x1 ", "<b/"]
)
def test_long_hostile_documents_take_linear_time(piece: str) -> None:
    list(scan("<a " + piece * (1_000_000 // len(piece))))
    list(scan(piece * (1_000_000 // len(piece))))
