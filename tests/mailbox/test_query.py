from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.address import Address
from gatepost.mailbox import words
from gatepost.mailbox.query import PIECES_MAX, QUERY_MAX_CHARS, Phrase, QueryError, parse
from postbag import INVOICE, letter


def test_words_are_all_wanted() -> None:
    assert parse("Lunch  FRIDAY").wanted == {"any:lunch", "any:friday"}


def test_a_field_narrows_and_a_minus_excludes() -> None:
    query = parse("Subject:Lunch -from:Boss@Example.org")
    assert query.wanted == {"subject:lunch"}
    assert query.unwanted == {"from:boss@example.org"}


def test_a_phrase_wants_its_words_and_their_order() -> None:
    query = parse('"next Friday"')
    assert query.wanted == {"any:next", "any:friday"}
    assert query.phrases == (Phrase(None, " next friday "),)


def test_a_word_of_several_words_is_a_phrase() -> None:
    assert parse("e-mail").phrases == (Phrase(None, " e mail "),)


def test_words_of_an_unwanted_phrase_may_stand_apart() -> None:
    query = parse('lunch -"next friday"')
    assert query.unwanted == frozenset()
    assert query.unwanted_phrases == (Phrase(None, " next friday "),)


def test_an_address_is_found_wherever_it_stands() -> None:
    query = parse("carol@partner.example")
    assert query.is_in(letter(1, text="Please write to Carol@partner.example.").texts)
    assert query.is_in(letter(1, author=Address("carol", "partner.example")).texts)
    assert not query.is_in(letter(1, text="Carol is at a partner of example").texts)


@pytest.mark.parametrize(
    "copied", ["Boss@Example.org,", "<boss@example.org>;", "boss@example.org.", "(boss@example.org)"]
)
def test_an_address_is_read_as_it_was_copied(copied: str) -> None:
    assert parse(f"from:{copied}").wanted == {"from:boss@example.org"}


def test_a_sentence_without_spaces_is_found_where_its_beginning_alone_was_indexed() -> None:
    sentence = "".join(map(chr, range(0x4E00, 0x4E00 + 200)))
    query = parse(sentence)
    assert query.wanted <= {f"any:{pair}" for pair in words.pairs(sentence[: words.WORD_MAX_CHARS])}
    assert query.is_said(letter(1, text=f"前{sentence}后").texts)
    assert not query.is_said(letter(1, text=sentence[:-1]).texts)


def test_a_domain_may_be_spelled_as_people_write_it() -> None:
    assert parse("from:Bücher.example").wanted == {"from:xn--bcher-kva.example"}
    assert parse("to:jörg@bücher.example").wanted == {"to:jorg@xn--bcher-kva.example"}


@pytest.mark.parametrize(
    "spelled", [".example.org", "*.example.org", "*@example.org", "@example.org", "@.example.org."]
)
def test_all_mail_of_a_domain_is_asked_for_as_people_do_elsewhere(spelled: str) -> None:
    assert parse(f"from:{spelled}").wanted == {"from:example.org"}


@pytest.mark.parametrize("quoted", ["“next friday”", "„next friday“", "«next friday»", "\uff02next friday\uff02"])
def test_quotation_marks_may_be_those_that_a_telephone_writes(quoted: str) -> None:
    assert parse(quoted).phrases == parse('"next friday"').phrases
    assert parse(f"lunch -{quoted}").unwanted_phrases == parse('"next friday"').phrases


def test_days_are_bounds() -> None:
    query = parse("after:2026-01-02 after:2026-01-01 before:2026-03-01")
    assert query.since == datetime(2026, 1, 2, tzinfo=UTC)
    assert query.until == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_long_beginning_is_compared_to_its_end() -> None:
    assert parse("presentat*").phrases == (Phrase("begins", " presentat"),)
    assert parse("presen*").phrases == ()
    assert parse("from:bos*").phrases == (Phrase("from", " bos"),)


def test_what_is_marked_is_what_is_wanted_in_subject_and_text() -> None:
    marks = parse("lunch subject:menu from:boss -late frid*").marks
    assert marks.runs == {"lunch", "menu"}
    assert marks.beginnings == ("frid",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "at least one word"),
        ("!?", "at least one word"),
        ("-!?", "at least one word"),
        ("-lunch", "Besides"),
        ("-lunch after:2026-01-01", "Besides"),
        ('"next friday', "not closed"),
        ("ab*", "at least 3 letters"),
        ("東京都*", "at least 3 letters"),
        ("filename:report*", "people and subjects"),
        ("a-b*", "one word"),
        ("has:money", "has: knows"),
        ("before:tomorrow", "a day"),
        ("lunch -before:2026-01-01", "negated"),
        ("lunch OR fox", "OR is no operator"),
        ("lunch AND fox", "AND is no operator"),
        ("lunch NOT fox", "NOT is no operator"),
        ("lunch | fox", "| is no operator"),
        ("from:alice@", "a domain"),
        ("lunch -(fox hen)", "parentheses"),
        ("is:unread", "no such field"),
        ("lunch -CC:agent", "no such field"),
        ('cc:"the boss"', "no such field"),
        ("larger:1M", "no such field"),
        ("older_than:2d", "no such field"),
        ("from: alice", "right after from:"),
        ("Subject: lunch", "right after subject:"),
        ("a " * (PIECES_MAX + 1), "at most"),
        ("a" * (QUERY_MAX_CHARS + 1), "at most"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(QueryError, match=why):
        parse(text)


@pytest.mark.parametrize(
    "text", ['"is:unread"', '"OR"', "lunch or fox", "Re: lunch", "https://a.example/b:c", "12:30", "C:/x", "(lunch)"]
)
def test_what_only_looks_like_an_operator_is_looked_for(text: str) -> None:
    assert parse(text).wanted


@given(
    st.text()
    | st.lists(
        st.sampled_from(['"', "-", "from:", "is:", "OR", "(", "has:", "*", "a", "@", ".", " ", "東", "before:"])
    ).map("".join)
)
def test_anything_is_a_query_or_refused(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    query.is_in(letter(1, **INVOICE).texts)


def test_a_quotation_mark_of_print_that_stands_alone_is_none() -> None:
    assert parse("lunch \u00bb friday").wanted == parse("lunch friday").wanted
