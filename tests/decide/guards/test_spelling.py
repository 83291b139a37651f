"""What is counted of a pattern is what RE2 is asked."""

import random
import time

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.decide.guards.candidates import Together
from gatepost.decide.guards.nodes import Either, Node, One, Row, bare
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.patterns import compile_pattern, quick_options, translated
from gatepost.decide.guards.plan import plan_of
from gatepost.decide.guards.spelling import spelled

PIECES = [
    "a", "b", "[ab]", "[^a]", ".", r"\b", r"\B", "^", "$", "(?m)^", "(?m)$", r"\s", r"\w", "\u00fc", r"\pL", "(?:ab|c)",
    "(?:a|)", "(?i)k", "*", "+", "?", "{2}", "{1,3}", "{2,}", "|",
]  # fmt: skip
TEXTS = st.text("abk\n \u00fc\u212a", max_size=8)


def is_in(tree: Node, octets: bytes) -> bool:
    return re2.compile(spelled(tree).encode(), quick_options()).search(octets) is not None


@settings(deadline=None)  # a class of Unicode is looked up when it is first met
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join), TEXTS)
def test_a_tree_is_found_where_its_pattern_is(source: str, text: str) -> None:
    try:
        pattern, tree = compile_pattern(source), tree_of(translated(source))
    except ValueError:
        return
    if tree is None:
        return
    octets = text.encode()
    for written in (tree, bare(tree)):
        assert is_in(written, octets) == pattern.is_in(octets)


def test_what_has_no_characters_matches_nothing() -> None:
    assert not is_in(Either((Row((One(0), One(1 << ord("a")))), One(0))), b"aa")


@pytest.mark.parametrize("tail", ["{1,9}", "{1,20}"])
def test_what_only_makes_a_match_longer_is_not_asked(tail: str) -> None:
    """RE2 was asked of what stood before the bound was counted: a second for a text of 50 KB, again and again."""
    drawn = random.Random(1)
    letters = "abcdefgh"

    def some(count: int) -> str:
        return "[" + "".join(drawn.sample(letters, count)) + "]"

    sources = tuple(f"(?:{some(3)}{some(3)}|{some(5)}){tail}!{number}" for number in range(60))
    assert plan_of(sources).swift
    together = Together([compile_pattern(each) for each in sources])
    text = "".join(drawn.choices(letters, k=50_000)).encode()
    together.found(text, range(len(sources)))
    began = time.process_time()
    assert together.found(text, range(len(sources))) == set()
    assert time.process_time() - began < 0.1
