import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cpu import least_cpu_s
from gatepost.decide.markup import text_of


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>ig<b>no</b>re<p>all", "ignore all"),
        ("<div>a<br>b</div><td>c", "a b c"),
        ('ig<b title=">">no</b>re', "ignore"),
        ("ig<b title='>'>no</b>re", "ignore"),
        ('pass<b a=b="c>word', "password"),
        ('pass<b "a>word', "password"),
        ("pass<b =a>word", "password"),
        ("pass<b/>word", "password"),
        ("pass<b a = b >word", "password"),
        ("&#105;gnore&nbsp;&amp;", "ignore &"),
        ('<span style="display:none">hidden</span>', "hidden"),
        ("<!-- said aside -->", "said aside"),
        ("<!-->a<!--->b", "a b"),
        ("<!doctype html><?php x ?>a</ b>c", "a c"),
        ("<title>a<b>c</title>d", "ac d"),
        ("<style>p{x:y}</style>a<script>if(a<b)</script>b", "a b"),
        ("<style>x</STYLE >a", "a"),
        ("<style>x<b></style>a<b>b", "ab"),
        ("<title>a<b>c</titles></style></title>d", "ac d"),
        ("<title>a</titled", "a"),
        ("<!--<i>-->a<style>b</style>c<style>b</style>d<title>e</title>f<title>e</title>g", "<i> a c d e f e g"),
        ("<style>never closed", ""),
        ('<style>x<a b="</style>seen">', 'seen">'),
        ('<svg><style></svg>pass<b a=">">word</style>', "password"),
        ("a < b", "a < b"),
        ("a<", "a<"),
        ("a<b", "a"),
        ('<a href="never closed', ""),
        ("", ""),
    ],
)
def test_all_text_is_read_and_markup_is_not(markup: str, words: str) -> None:
    assert text_of(markup).split() == words.split()


HOSTILE = [
    "<div>",
    "<b>",
    "<!--",
    "<!-- -",
    "<a ",
    '<a x="',
    "<a x=\"'",
    "<a = ",
    "&amp",
    "&#",
    "<style>",
    "<style><",
    "<style></styles>",
    "<title>x</title>",
    "<svg><style>",
    "<",
    "</",
    "<a\n=\n",
    "<![CDATA[",
]


@pytest.mark.parametrize(("markup", "text"), [
    ("<p>a<tr><td b='c'>d", "\na\n\nd"),
    ("a<b><p><i/x></p b><B>c", "a\n\nc"),
    ("a<b><p><b", "a\n"),
    ("a<b></style><p></b>b", "a\n\nb"),
    ("a<p><style><b>x</style><p>b", "a\n\n\nb"),
    ("a<p><title><b><p>x</title><b>b", "a\n\n\nx\n\nb"),
])  # fmt: skip
def test_tags_in_a_row_are_what_each_of_them_is(markup: str, text: str) -> None:
    assert text_of(markup) == text


def test_tags_that_are_spelled_alike_take_less_than_half_of_what_different_ones_take() -> None:
    alike, different = ("".join(f'<td style="a{at * step + 10_000}">x' for at in range(10_000)) for step in (0, 1))
    alike_s, different_s = (least_cpu_s(partial(text_of, markup)) for markup in (alike, different))
    assert alike_s < different_s / 2


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_markup_takes_more_than_linear_time(piece: str) -> None:
    markup = piece * (500_000 // len(piece))
    began = time.perf_counter()
    text_of(markup)
    assert time.perf_counter() - began < 3


soup = st.lists(
    st.sampled_from(
        [
            "word",
            "more",
            " ",
            "<b>",
            "</b>",
            "<p>",
            "<i a=1>",
            '<i a="x>y">',
            "<i a='>'>",
            '<i ">',
            "<br/>",
            "<i a b>",
            "<I/x>",
            '<p class="x">',
            "</p>",
            "&lt;",
        ]
    )
)


@given(soup.map("".join))
def test_the_words_are_those_a_browsers_parser_finds(markup: str) -> None:
    body = LexborHTMLParser(markup).body
    expected = body.text(deep=True) if body else ""
    assert "".join(text_of(markup).split()) == "".join(expected.split())


def test_letters_that_only_resemble_those_of_a_tag_name_are_words() -> None:
    assert "some words" in text_of("<p>see <\u017fcript>some words</\u017fcript> here")
    assert "more" not in text_of("<script>one</\u017fcript>more</script>")
