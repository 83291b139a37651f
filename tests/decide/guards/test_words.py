"""Words that stand in every match of a pattern."""

import pytest

from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.words import find_words


def words_of(*sources: str) -> tuple[str, frozenset[int]]:
    trees = {index: tree for index, source in enumerate(sources) if (tree := tree_of(source))}
    words, wordless = find_words(trees, len(sources))
    return words.pattern.decode() if words else "", wordless


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("wire", "wire"),
        (r"(?i)Wire\s+(?:all )?money", "money"),
        ("wire|(?i)PAY", "wire|pay"),
        ("(?i)kiosk", "kiosk"),
        ("(?i)\u00fcberweisung.{0,40}konto", "\u00dcberweisung"),
        ("a[ab]{100}", ""),
        ("w[ir]re", ""),
        ("wi+re", ""),
        ("wire|.", ""),
        (r"\pL\pL\pL", ""),
    ],
)
def test_the_longest_word_of_each_way_is_looked_for(source: str, word: str) -> None:
    expected = f"(?i:{word})" if word else ""
    assert words_of(source) == (expected, frozenset())


def test_patterns_without_a_word_are_named() -> None:
    words, wordless = words_of("wire", "[ab]{9}", r"a\Bb", "money")
    assert (words, wordless) == ("(?i:wire|money)", frozenset({1, 2}))
