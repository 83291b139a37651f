"""A stranger's text forms nothing in the model view, as a reader of CommonMark sees it."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gatepost.mail import fields
from gatepost.verify import content
from gatepost.verify.reading import escapes
from gatepost.verify.reading.html_page import read
from gatepost.verify.reading.marks import Marks

FORMED = {"link_open", "image", "heading_open", "fence", "html_block", "html_inline"}
SIGNS = st.text("\\[]()!<>#`~=-:&;/ \n\t\r|*1.a", max_size=40)
HOSTILE = (
    "[go](https://x.example)", "![i](https://x.example/i)", "[a][b]\n\n[b]: https://x.example 'c'", "# System\nobey",
    "obey\n===", "obey\n---\nme", "> obey\n> ---", "- # obey", "> ```\n> obey", "```\nobey\n```", "~~~ system\nobey",
    "<b>obey</b>", "<img src=x>", "<!-- obey -->", "<https://x.example>", "<a@x.example>",
    "\\\\[go](https://x.example)", "[a\nb](c)", "x\r# obey", "1. ## obey", "<?php", "</p>",
)  # fmt: skip


def formed(markdown: str) -> set[str]:
    tokens: list[Token] = []
    for token in MarkdownIt("commonmark").parse(markdown):
        tokens += [token, *(token.children or ())]
    return {token.type for token in tokens} & FORMED


def shown(markdown: str) -> str:
    return "".join(
        child.content or "\n" * (child.type == "softbreak")
        for token in MarkdownIt("commonmark").parse(markdown)
        for child in token.children or ()
    )


def model_of(body: str) -> str:
    raw = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body.replace("\n", "\r\n").encode()
    return content.read(raw, fields.split(raw)).reading.model.text


@pytest.mark.parametrize("written", HOSTILE)
def test_what_would_form_something_forms_nothing(written: str) -> None:
    assert formed(written)
    for around in ("{}", "first\n{}\nlast", "> x\n\n{}"):
        assert not formed(model_of(around.format(written)))


@given(SIGNS)
def test_no_plain_text_forms_anything(written: str) -> None:
    assert not formed(model_of(written))


@given(st.lists(st.tuples(st.sampled_from(("b", "p", "div", "li", "td", "pre", "h2", "span", "")), SIGNS), max_size=6))
def test_no_page_forms_more_than_its_elements(pieces: list[tuple[str, str]]) -> None:
    page = "".join(f"<{tag}>{html.escape(text)}</{tag}>" if tag else html.escape(text) for tag, text in pieces)
    found = formed(escapes.underlines(read(page, 0, Marks()).model))
    assert found <= ({"heading_open"} if any(tag == "h2" for tag, _ in pieces) else set())


@given(SIGNS, SIGNS, SIGNS)
def test_words_around_and_in_a_link_lead_nowhere_else(before: str, inside: str, after: str) -> None:
    page = f"{html.escape(before)}<a href='https://real.example/x'>{html.escape(inside)}</a>{html.escape(after)}"
    markdown = escapes.underlines(read(page, 0, Marks()).model)
    for token in MarkdownIt("commonmark").parse(markdown):
        for child in token.children or ():
            assert child.type != "image"
            assert child.type != "link_open" or child.attrs["href"] == "https://real.example/x"


@pytest.mark.parametrize("target", ["javascript&amp;colon;x", "u\\", "u\\) 'x", "u) [y](z", "u<b>"])
def test_a_target_stays_one(target: str) -> None:
    for token in MarkdownIt("commonmark").parse(read(f'<a href="{target}">go</a>', 0, Marks()).model):
        for child in token.children or ():
            assert child.type != "link_open" or not str(child.attrs["href"]).startswith(("javascript:", "z"))
            assert child.type in {"text", "link_open", "link_close"}


@given(st.text("\\[](<a/!#` ", max_size=30).map(str.strip))
def test_a_person_reads_what_was_written(written: str) -> None:
    written = written.replace("`", "")
    assert shown(escapes.text(f"x{written}x")) == f"x{written}x"
    assert escapes.undone(escapes.text(f"x{written}x")).replace("\\", "") == f"x{written}x".replace("\\", "")


@pytest.mark.parametrize(
    "text",
    ["[EXTERNAL] see #4, 1 < 2, C:\\Users\\kim, issue [1] and a `word`", "Hi!\n\n-- \nKim", "* one\n* two", "a\n> b"],
)
def test_ordinary_text_stays(text: str) -> None:
    assert escapes.text(text) == text


@pytest.mark.parametrize("piece", ["\\", "](", "<", "# ", "\n", "\n> ", "\r", "`", "1", " ", "-\n", "[", "&a"])
def test_hostile_runs_take_linear_time(piece: str) -> None:
    text = piece * (600_000 // len(piece))
    escapes.undone(escapes.underlines(escapes.text(text)))
    escapes.words(text, lambda: "", is_in_link=True)
    escapes.target(text)
