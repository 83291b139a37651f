"""Patterns whose edges cannot hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.guards.edges import is_void, may_match
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.patterns import PatternError, compile_pattern, translated


@pytest.mark.parametrize(
    "source", [r"a\bb", "(a^b)", r"(?:a\bb)", "(a$b|c^)", r"x(?:\b)+y", r"\b\b,\b,$", "(?:a$){2}", r"(?:^a){12}"]
)
def test_edges_that_contradict_one_another_match_nothing(source: str) -> None:
    tree = tree_of(translated(source))
    assert tree is not None
    assert not may_match(tree)
    assert is_void(compile_pattern(source))


@given(
    st.lists(
        st.sampled_from(["a", ",", "\\n", "^", "$", "\\b", "\\B", "(?m)^", "(a|^)", "(?m:$)", "a?", "(,\\b)*", "."]),
        max_size=6,
    ),
    st.lists(st.text("a,\n", max_size=5), max_size=40),
)
def test_what_is_said_to_match_nothing_matches_nothing(pieces: list[str], texts: list[str]) -> None:
    source = "".join(pieces) or "a"
    try:
        pattern, tree = compile_pattern(source), tree_of(translated(source))
    except PatternError:
        return
    if tree is not None and not may_match(tree):
        assert not [text for text in texts if pattern.is_in(text.encode())]
