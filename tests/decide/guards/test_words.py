"""Words that stand in every match of a pattern."""

import pytest

from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.words import Words


def candidates(text: str, *sources: str) -> set[int]:
    trees = {index: tree for index, source in enumerate(sources) if (tree := tree_of(source))}
    return set(Words(trees, len(sources)).candidates(text.encode()))


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("wire", ["wire"]),
        (r"(?i)Wire\s+(?:all )?money", ["wire", "money"]),
        ("(?i)kiosk", ["\u212aios\u212a"]),
        ("(?i)\u00fcberweisung.{0,40}konto", ["\u00dcBERWEISUNG", "Konto"]),
    ],
)
def test_all_words_of_a_pattern_are_needed(source: str, needed: list[str]) -> None:
    assert candidates(" ".join(needed), source) == {0}
    for missing in needed:
        assert candidates(" ".join(word for word in needed if word != missing), source) == set()


@pytest.mark.parametrize("source", ["a[ab]{100}", "w[ir]re", "wi+re", "wire|.", r"\pL\pL\pL", r"\101bc"])
def test_a_pattern_without_a_word_is_always_asked(source: str) -> None:
    assert candidates("", "money", source) == {1}


def test_either_of_two_ways_is_enough() -> None:
    sources = "wire +money|(?i)pay[.]now", "gift card"
    assert candidates("PAY.now", *sources) == {0}
    assert candidates("wire pay", *sources) == set()
    assert candidates("wire money, gift card", *sources) == {0, 1}


def test_no_words_at_all_need_no_look() -> None:
    assert candidates("text", "[ab]{9}") == {0}
