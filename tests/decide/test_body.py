import re
import time
import unicodedata
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu import least_cpu_s
from decide.scene import content
from gatepost.decide.body import HTML_MAX_CHARS, TEXT_MAX_OCTETS, TooLongError, fold, in_one_line, spellings


def test_a_guard_reads_plain_html_and_hidden_text_but_not_the_subject() -> None:
    said = content("plain", subject="subject", html="<p>shown", hidden_text="hidden")
    assert {text.strip() for text in spellings(said)} == {b"plain", b"shown", b"hidden"}


def test_one_text_is_read_once() -> None:
    assert spellings(content("same", hidden_text="same")) == (b"same",)
    assert spellings(content("")) == ()


def test_disguised_text_is_read_as_written_and_folded() -> None:
    assert spellings(content("a\u200bb")) == ("a\u200bb".encode(), b"ab")


def test_a_lone_surrogate_is_read_as_a_question_mark() -> None:
    assert b"a?b" in spellings(content("a\ud800b"))


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("plain", "plain"),
        ("\uff49\uff47", "ig"),
        ("i\u00adg\u200b\u200d\u2060\ufeffn", "ign"),
        ("i\U000e0061g", "ig"),
        ("a\ufe0fb", "ab"),
        ("no\u00a0break", "no break"),
        ("\ufb01x", "fix"),
        ("u\u0308", "\u00fc"),
        ("\u202eabc\u202c", "abc"),
        ("i\x00g\x07n\x08o\x1b", "igno"),
        ("i\x9fg\x80n\x7f\u00fc", "ign\u00fc"),
        ("a\tb\r\nc\x0bd\x0ce\x85f", "a\tb\r\nc\x0bd\x0ce\x85f"),
    ],
)
def test_folding_shows_what_a_word_is(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(alphabet=st.characters(exclude_categories=["Cf", "Mn", "Mc", "Me", "Cs"]), max_size=3000))
def test_folding_in_chunks_is_folding(text: str) -> None:
    expected = "".join(fold(char) for char in text)
    assert fold(text) == unicodedata.normalize("NFKC", expected)


def test_a_text_that_folding_makes_far_longer_is_too_long() -> None:
    assert len(spellings(content("\ufdfa" * 100))) == 2
    with pytest.raises(TooLongError):
        spellings(content("\ufdfa" * 10_000))


@given(st.text(alphabet="\n> \ta", max_size=20))
def test_marks_of_quotation_go_line_by_line(text: str) -> None:
    bare = (re.sub(r"^(?:[ \t]*>)+", "", line) for line in text.split("\n"))
    assert in_one_line(text.encode()).decode() == " ".join("\n".join(bare).split())


@given(
    st.lists(st.sampled_from(["word", "a", " ", "  ", "\n\n", "\r\n", "\t", " " * 9, " " * 17, " " * 33, "\v", "\f"]))
)
def test_rows_of_blanks_become_one_however_many_and_how_long(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert in_one_line(text.encode()).decode() == " ".join(text.split())
    among_words = f"{text} {'word ' * 200}"
    assert in_one_line(among_words.encode()).decode() == " ".join(among_words.split())


def test_folding_takes_linear_time_on_endless_accents() -> None:
    began = time.process_time()
    fold("a" + "\u0301\u0316" * 250_000)  # 120 s in one piece
    assert time.process_time() - began < 20


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\uff9e\u0301", "\U0001d165\u0323"])
def test_marks_in_any_order_take_no_more_time_than_letters_with_marks(marks: str) -> None:
    """In one piece these take some forty times as much: they are sorted, in time quadratic in the row."""
    odd_s, usual_s = (least_cpu_s(partial(fold, text * 8_000)) for text in (marks, "e\u0301"))
    assert odd_s < 12 * usual_s


def test_half_of_a_surrogate_pair_is_read_as_a_question_mark() -> None:
    assert spellings(content("\ud800\uff41")) == (b"?\xef\xbd\x81", b"?a")


@pytest.mark.parametrize("length", [1022, 4094, 4095, 4096])
def test_an_accent_stays_with_its_letter_at_a_chunks_end(length: int) -> None:
    assert fold("\u00e4" + "x" * length + "u" + "\u0308") == "\u00e4" + "x" * length + "\u00fc"


@pytest.mark.parametrize(
    "said",
    [
        content("x" * (TEXT_MAX_OCTETS + 1)),
        content("x" * (TEXT_MAX_OCTETS // 2 + 1), hidden_text="y" * (TEXT_MAX_OCTETS // 2)),
        content("ä" * (TEXT_MAX_OCTETS // 2 + 1)),
        content("\ufdfa" * (TEXT_MAX_OCTETS // 10)),
        content(html="<" * (HTML_MAX_CHARS + 1)),
    ],
)
def test_a_body_of_more_text_than_guards_read_is_too_long(said: object) -> None:
    with pytest.raises(TooLongError):
        spellings(said)  # type: ignore[arg-type]  # parametrized values are objects


def test_a_body_of_just_as_much_text_is_read_whole() -> None:
    assert len(spellings(content("x" * TEXT_MAX_OCTETS))[0]) == TEXT_MAX_OCTETS


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", b""),
        (b"one two", b"one two"),
        (b" one\r\n\ttwo  three\n", b"one two three"),
        (b"> one\n> > two\n>three", b"one two three"),
        (b"1 > 0", b"1 > 0"),
        ("\u00fc\n\u4e2d".encode(), "\u00fc \u4e2d".encode()),
    ],
)
def test_a_text_in_one_line_has_one_blank_between_words(text: bytes, line: bytes) -> None:
    assert in_one_line(text) == line
