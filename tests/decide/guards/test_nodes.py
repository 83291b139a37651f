"""What a pattern's tree says of itself."""

import pytest

from gatepost.decide.guards.nodes import Either, Node, One, Row, Times, bare, edges_of, length_of, may_be_nothing
from gatepost.decide.guards.pattern_tree import tree_of


def tree(source: str) -> Node:
    found = tree_of(source)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("source", "shorter"),
    [
        ("ab", "ab"),
        ("a+b", "ab"),
        ("a*b", "b"),
        ("ba*", "b"),
        ("xa*x", "xa*x"),
        ("(?:a|b)*a(?:a|b){9}c*", "a(?:a|b){9}"),
        ("a{3,7}b{2,}", "a{3}b{2}"),
        (r"(?:\d+[ab]?)+z", r"\d[ab]?z"),
        (r"^a*b", r"^a*b"),
        (r"\ba+b\b", r"\ba+b\b"),
        ("(?:a*|b)c", "c"),
        ("(?:a+|bb+)c", "(?:a|b{2})c"),
        ("a*b*c", "c"),
    ],
)
def test_what_only_makes_a_match_longer_is_left_out(source: str, shorter: str) -> None:
    """That it is found in the same texts, test_positions.py asks of RE2."""
    assert bare(tree(source)) == tree(shorter)


def test_what_may_be_nothing_is_found_everywhere() -> None:
    assert bare(tree("a*")) == Row(())
    assert bare(tree("(?:a|)b?")) == Row(())


@pytest.mark.parametrize(
    ("source", "expected"),
    [("a", False), ("a*", True), (r"\b", True), ("a|b*", True), ("a?b", False), ("(?:a*){2}", True), ("a{2}", False)],
)
def test_it_is_known_what_may_be_nothing(source: str, *, expected: bool) -> None:
    assert may_be_nothing(tree(source)) is expected


def test_edges_are_told() -> None:
    assert [edge.name for edge in edges_of(tree(r"^(?:a\b|b$)+"))] == ["BEGIN", "WORD", "END"]


@pytest.mark.parametrize(
    ("source", "length"),
    [("a", 1), ("ab", 2), ("ab|c", None), ("ab|cd", 2), ("a{3}", 3), ("(ab|cd){3}", 6), ("a?", None), (r"\ba", 1)],
)
def test_a_length_is_known_or_none(source: str, length: int | None) -> None:
    assert length_of(tree(source)) == length


def test_length_of_nothing_repeated_is_nothing() -> None:
    assert length_of(Times(Row(()), 0, 9)) == 0
    assert length_of(Either((One(1), Times(One(1), 2, 2)))) is None
