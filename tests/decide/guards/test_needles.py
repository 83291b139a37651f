"""A look for words that spares the engine: it may be in vain, and never misses a text that a pattern matches."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.guards.needles import Needles
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.patterns import compile_pattern
from gatepost.mail.ends import hyperscan

needs_hyperscan = pytest.mark.skipif(hyperscan is None, reason="only Hyperscan looks for needles")

SOURCES = ["wire money", r"(?i)kiosk\s+(now|later)", "(?i)pass.word|secret", r"(?i)\bsms\b", "(?i)\u00fcber.konten"]
PIECES = [
    "wire", " money", "WIRE MONEY", "kiosk", "\u212aio\u017fk", "Kiosk", " now", "later", "pass", "Word", "sEcret",
    "sms", "\u017fms", "SMS", "\u00dcBER-KONTEN", "\u00fc", "\U0001f600", "\n", " ", "\x00",
]  # fmt: skip


def needles(*sources: str) -> Needles | None:
    return Needles.of(tree for source in sources if (tree := tree_of(source)))


@needs_hyperscan
@given(st.lists(st.sampled_from(SOURCES), min_size=1), st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_text_that_matches_is_without_a_needle(sources: list[str], text: str) -> None:
    looked_for = needles(*sources)
    assert looked_for is not None
    octets = text.encode()
    if any(compile_pattern(source).is_in(octets) for source in sources):
        assert looked_for.may_be_in(octets)


@needs_hyperscan
def test_a_text_without_the_words_is_told_from_one_that_has_one_of_them() -> None:
    looked_for = needles(*SOURCES)
    assert looked_for is not None
    assert not looked_for.may_be_in(b"an honest letter about wires and words")
    assert looked_for.may_be_in(b"no SECRET here")


@pytest.mark.parametrize("source", ["a[ab]{100}", "wire|.", "w[ir]re", "(?i)\u00fcb\u00e4r"])
def test_a_pattern_that_needs_no_such_word_is_always_asked(source: str) -> None:
    assert needles("wire money", source) is None


@needs_hyperscan
def test_whoever_comes_while_another_looks_is_told_to_ask() -> None:
    looked_for = needles("wire money")
    assert looked_for is not None
    with looked_for._look._is_in_use:  # as a scan under way holds it
        told: list[bool] = []
        other = threading.Thread(target=lambda: told.append(looked_for.may_be_in(b"nothing")))
        other.start()
        other.join()
    assert told == [True]
    assert not looked_for.may_be_in(b"nothing")
