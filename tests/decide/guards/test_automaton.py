"""How many states RE2 can come to need: counted before any text is read."""

import time

import pytest

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.automaton import is_small
from gatepost.decide.guards.nodes import ones_of
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.positions import Branch, in_kinds


def is_few(states_max: int, *sources: str) -> bool:
    trees = {index: tree for index, source in enumerate(sources) if (tree := tree_of(source))}
    assert len(trees) == len(sources)
    alphabet = Alphabet(one.beyond for tree in trees.values() for one in ones_of(tree))
    branch = Branch({index: in_kinds(tree, alphabet, {}) for index, tree in trees.items()})
    return is_small(branch, alphabet, states_max)


@pytest.mark.parametrize(
    ("source", "states"),
    [
        ("abc", 3),  # after none, one or two letters; a match is no state of its own
        ("a{2}", 2),
        ("a{1,3}b", 3),
        ("(?:ab|c)+d", 3),
        ("xa*y", 2),
        ("a(?:a|b)b", 4),  # two places may be reached at once
        (r"a\b", 5),  # at the beginning, after a new line, a word's letter, another character, and the letter itself
        ("(?m)^a$", 5),
    ],
)
def test_states_are_counted(source: str, states: int) -> None:
    assert is_few(states, source)
    assert not is_few(states - 1, source)


def test_what_begins_anywhere_and_is_counted_has_too_many() -> None:
    assert is_few(3_000, "a(?:a|b){10}c")
    assert not is_few(3_000, "a(?:a|b){14}c")
    assert not is_few(3_000, "x(?:ab|c)*c(?:ab|c){30}d")


def test_patterns_that_begin_alike_share_their_states() -> None:
    words = [f"password{number}" for number in range(100, 300)]
    assert is_few(31, *words)
    assert not is_few(30, *words)


def test_scripts_leave_room_for_fewer() -> None:
    assert is_few(32, "abcd")
    assert not is_few(32, "\u4e2d\u6587\u5b57\u6bcd[\u0410-\u042f]")


@pytest.mark.parametrize("source", ["[ab]{900}.{900}" * 6, "(?:a|b[ab]{30}c{9}){90}", "a.{400}b.{400}c"])
def test_counting_ends_soon(source: str) -> None:
    began = time.process_time()
    assert not is_few(16_000, source)
    assert time.process_time() - began < 10
