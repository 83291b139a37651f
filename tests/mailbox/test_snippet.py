import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mailbox.snippet import (
    LEAD_CHARS,
    MARKED_MAX_CHARS,
    NO_MARKS,
    SNIPPET_CHARS,
    Marks,
    Piece,
    marked,
    snippet,
)

LUNCH = Marks(frozenset({"lunch"}), ("frid",))


def test_hits_are_marked_as_they_are_written() -> None:
    assert marked("A LUNCH on friday.", LUNCH) == (
        Piece("A ", is_hit=False),
        Piece("LUNCH", is_hit=True),
        Piece(" on ", is_hit=False),
        Piece("friday", is_hit=True),
        Piece(".", is_hit=False),
    )


def test_a_snippet_shows_the_first_hit_and_what_is_around_it() -> None:
    pieces = snippet("word " * 300 + "our\r\n\tlunch is late " + "word " * 300, LUNCH)
    text = "".join(piece.text for piece in pieces)
    assert "our lunch is late" in text
    assert text.startswith("word ")
    assert [piece.text for piece in pieces if piece.is_hit] == ["lunch"]


def test_a_text_without_hits_is_shown_from_its_beginning() -> None:
    assert snippet("Good day to you.", LUNCH) == (Piece("Good day to you.", is_hit=False),)
    assert snippet("", LUNCH) == ()


def test_a_hit_inside_a_run_without_spaces_is_marked() -> None:
    assert any(piece.is_hit for piece in marked("東京都で会いましょう", Marks(frozenset({"京都"}))))


def test_of_a_run_without_spaces_the_place_is_shown_that_is_a_hit() -> None:
    text = "天" * 300 + "東京都" + "地" * 300
    pieces = snippet(text, Marks(frozenset({"東京", "京都"})))
    assert [piece.text for piece in pieces if piece.is_hit] == ["東京都"]
    assert pieces[0].text == "天" * LEAD_CHARS


@pytest.mark.parametrize(
    ("text", "mark", "hit"),
    [
        ("ประจำปีนี้", "นี", "นี"),  # the third letter is compared as two
        ("昨日ﾀﾜｰに", "タワー", "ﾀﾜｰ"),
        ("昨日ｶﾞｰﾄﾞ", "ガ", "昨日ｶﾞｰﾄﾞ"),  # two characters are compared as one: nobody knows which
    ],
)
def test_a_hit_is_marked_as_it_is_written(text: str, mark: str, hit: str) -> None:
    assert [piece.text for piece in marked(text, Marks(frozenset({mark}))) if piece.is_hit] == [hit]


@given(st.text() | st.text(alphabet="東京都ำｶﾞ한ㄱ"))
def test_pieces_are_the_text_and_nothing_else(text: str) -> None:
    for marks in (LUNCH, NO_MARKS, Marks(frozenset({"京", "東京", "ガ", "한"}))):
        assert "".join(piece.text for piece in marked(text, marks)) == text
        assert marks.first(text) == next((start for start, _ in marks.hits(text)), 0)
        assert sum(len(piece.text) for piece in snippet(text, marks)) <= SNIPPET_CHARS


def test_of_a_subject_of_nothing_but_hits_the_beginning_is_marked() -> None:
    text = "天地" * 30_000
    pieces = marked(text, Marks(frozenset("天")))
    assert "".join(piece.text for piece in pieces) == text
    assert sum(piece.is_hit for piece in pieces) == MARKED_MAX_CHARS // 2


def test_a_snippet_of_nothing_but_hits_costs_as_the_text_is_long() -> None:
    text, marks = "天" * 50_000, Marks(frozenset("天" * length for length in range(1, 31)))
    tracemalloc.start()
    pieces = snippet(text, marks)
    _, peak_octets = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pieces == (Piece("天" * SNIPPET_CHARS, is_hit=True),)
    assert peak_octets < 200 * len(text)
