import time
import tracemalloc
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.address import Address
from gatepost.mailbox import words
from postbag import INVOICE, letter


def runs(text: str) -> list[str]:
    return [run for run, _, _ in words.runs(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World_wide 42!", ["hello", "world", "wide", "42"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("Crème brûlée", ["creme", "brulee"]),
        ("Cre\u0300me", ["creme"]),  # the accent as a character of its own
        ("Ёлка йод", ["елка", "иод"]),
        ("Ἀθῆναι", ["αθηναι"]),
        ("İstanbul", ["istanbul"]),
        ("\ufb01ne", ["fine"]),
        ("東京tower", ["東京", "tower"]),
        ("ｶﾞｰﾄﾞ", ["ガード"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("\u0645\u064f\u062d\u064e\u0645\u064e\u0651\u062f", ["\u0645\u062d\u0645\u062f"]),  # Arabic with its points
        ("\u0623\u062d\u0645\u062f", ["\u0627\u062d\u0645\u062f"]),
        ("\u0643\u062a\u0640\u0640\u0627\u0628", ["\u0643\u062a\u0627\u0628"]),  # stretched
        ("\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", ["\u05e9\u05dc\u05d5\u05dd"]),
        ("I\u015eIK \u0131\u015f\u0131k D\u0130YARBAKIR diyarbak\u0131r", ["isik", "isik", "diyarbakir", "diyarbakir"]),
        ("don't", ["don", "t"]),
        ("", []),
        ("--- \x00 ...", []),
    ],
)
def test_a_text_is_cut_into_words_as_people_compare_them(text: str, expected: list[str]) -> None:
    assert runs(text) == expected


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    found = runs(text)
    assert all(run and (words.is_unspaced(run) or len(run) <= words.WORD_MAX_CHARS) for run in found)
    assert [words.folded(run) for run in found] == found  # nothing changes a second time


@given(st.text() | st.text(alphabet="aBc0 ._-\t\n\x1f"))
def test_a_text_s_words_once_each_are_its_words(text: str) -> None:
    assert list(words.distinct(text)) == list(dict.fromkeys(runs(text)))


@given(st.text() | st.text(alphabet="aBc0 ._-\t\n\x1f"))
def test_a_text_s_line_holds_its_words_in_their_order(text: str) -> None:
    assert words.line(text) == f" {' '.join(runs(text))} "


LONG = ["word " * 60_000, "ä" * 70 + " " + "x" * 70, "x" * 70 + " y", "wörd " * 60_000]


@pytest.mark.parametrize("text", LONG)
def test_words_are_bounded_however_they_are_read(text: str) -> None:
    assert list(words.distinct(text)) == list(dict.fromkeys(runs(text)))
    assert words.line(text) == f" {' '.join(runs(text))} "


@given(st.text(alphabet="aéÖñżЁйΐがパ한글東0 .-'_"))
def test_how_a_text_is_composed_does_not_matter(text: str) -> None:
    assert runs(unicodedata.normalize("NFC", text)) == runs(unicodedata.normalize("NFD", text))


@given(st.text(alphabet="abc 東京都ก"))
def test_a_run_without_spaces_is_found_by_any_piece_of_it(text: str) -> None:
    terms = words.terms_of(letter(1, text=text).texts)
    for run in runs(text):
        pieces = words.pairs(run) if words.is_unspaced(run) else [run]
        assert {f"any:{piece}" for piece in pieces} <= terms


THAI = "ขอเรียนเชิญท่านเข้าร่วมประชุมคณะกรรมการบริหารโครงการพัฒนาระบบสารสนเทศเพื่อการจัดการทรัพยากรบุคคลประจำปี"
"""One sentence, one run: longer than any word counts."""


def test_of_a_sentence_without_spaces_every_piece_counts() -> None:
    end = words.folded(THAI[-7:])
    found = words.terms_of(letter(1, text=f"{THAI} 2026").texts)
    assert {f"any:{piece}" for piece in (*words.pairs(end), *end)} <= found
    assert f"{end} 2026 " in words.line(f"{THAI} 2026")
    assert {f"any:{piece}" for piece in words.pairs(runs(THAI)[0])} <= found


@pytest.mark.parametrize("letter_and_marks", ["e\u0301\u0327", "ก\u0e48\u0e38"])
def test_a_crowd_of_marks_on_one_letter_costs_as_the_text_is_long(letter_and_marks: str) -> None:
    """To put 200,000 of them in order takes 20 seconds in one step, during which no other thread runs."""
    text = letter_and_marks[0] + letter_and_marks[1:] * 100_000
    began = time.process_time()
    words.terms_of(letter(1, text=text).texts)
    words.line(text)
    assert time.process_time() - began < 2


def test_of_a_run_without_spaces_its_first_pieces_count() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 3 * words.TERMS_MAX)))
    found = words.terms_of(letter(1, text=text).texts)
    assert f"any:{text[words.TERMS_MAX // 2 - 1]}" in found
    assert f"any:{text[2 * words.TERMS_MAX]}" not in found


def test_a_domain_is_found_as_dns_has_it_however_it_is_spelled() -> None:
    found = words.terms_of(letter(1, to_shown="Jörg <jörg@Bücher.example>, a@b_\u2024c.example").texts)
    assert {"to:jorg@xn--bcher-kva.example", "to:xn--bcher-kva.example"} <= found
    assert words.domain_name("no..name") == "no..name"


def test_a_person_is_found_by_address_local_part_and_domain() -> None:
    terms = words.terms_of(letter(1, **INVOICE).texts)
    names = ("alice.jones@mail.example.org", "alice.jones", "mail.example.org", "example.org", "alice", "jones")
    assert {f"from:{name}" for name in names} <= terms
    assert "begins:jon" in terms
    assert "begins:jo" not in terms
    assert "from:org" in terms  # a word of the domain, as any other
    assert "to:partner.example" in terms


def test_a_stranger_cannot_make_us_keep_a_million_words() -> None:
    text = " ".join(f"{number:x}" for number in range(400_000))
    assert len(words.terms_of(letter(1, text=text, from_shown=text, to_shown=text).texts)) < 10 * words.TERMS_MAX * 4


def test_of_a_text_with_too_many_words_the_first_ones_count() -> None:
    text = " ".join(f"{number:x}" for number in range(2 * words.TERMS_MAX))
    found = words.terms_of(letter(1, text=text).texts)
    assert f"any:{words.TERMS_MAX - 1:x}" in found
    assert f"any:{2 * words.TERMS_MAX - 1:x}" not in found


@pytest.mark.parametrize("rest", ["", " über"])
def test_of_a_long_word_its_beginning_counts(rest: str) -> None:
    found = words.terms_of(letter(1, text=f"{'x' * 1000} short {rest}").texts)
    assert {f"any:{'x' * words.WORD_MAX_CHARS}", "any:short"} <= found
    assert max(map(len, found)) == len("any:") + words.WORD_MAX_CHARS


@pytest.mark.parametrize("piece", ["a@", "東", "e\u0301", "\u0301", "a.", "<", "x" * 1000 + " "])
def test_reading_takes_time_in_proportion_to_the_text(piece: str) -> None:
    def cost(size: int) -> float:
        text = (piece * size)[:size]
        began = time.process_time()
        words.terms_of(
            letter(1, author=Address("a", "example.org"), text=text, subject=text[:2_000], to_shown=text).texts
        )
        return time.process_time() - began

    cost(1_000)
    assert cost(160_000) < 40 * cost(16_000) + 0.2


def test_long_words_are_not_remembered() -> None:
    """Fifty thousand words are: a stranger who made each of them a whole mail long would take all memory there is."""
    tracemalloc.start()
    try:
        for number in range(20):
            assert len(list(words.distinct(f"{chr(0xE9) * 100_000}{number}"))) == 1
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()
