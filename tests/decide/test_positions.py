"""All places of a text at once: the very answers of RE2, and as fast for a hostile text as for any other."""

import random
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from decide.test_candidates import ATOMS, PREFIXES, SIGNS
from gatepost.decide.pattern_tree import Either, One, Row, Times, tree_of
from gatepost.decide.patterns import Pattern, PatternError, compile_pattern, translated
from gatepost.decide.planes import Planes
from gatepost.decide.positions import ROUNDS_MAX, Branch, Places, length_of

QUANTIFIERS = ["", "", "", "?", "*", "+", "{2}", "{0,3}", "*?", "{1,}", "{2,5}", "{3}", "{0}", "{0,7}", "{1,9}"]
MORE = ["(a|b)", "(ab|k1)", "(a|bb)", "(a*)", "(?:a{0,3})", "(x+x+)", "[ab]", r"(?:\b|1)", "(s|)", "(?m:^)", "(?i:s)"]
atoms = st.sampled_from([*ATOMS, *MORE])
quantifiers = st.sampled_from(QUANTIFIERS)


def grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    row = st.lists(st.tuples(inner, quantifiers), min_size=1, max_size=4).map(lambda p: "".join(a + q for a, q in p))
    return st.one_of(row, st.tuples(row, row).map("|".join)).map(lambda each: f"({each})")


sources = st.builds(str.__add__, st.sampled_from(PREFIXES), st.recursive(atoms, grouped, max_leaves=8))
texts = st.one_of(st.text(SIGNS, max_size=30), st.text("aabk1s \n\u212a", max_size=70))


def branch_of(*sources: str) -> Branch:
    branch = Branch()
    for index, source in enumerate(sources):
        tree = tree_of(translated(source))
        assert tree is not None
        branch.add(index, tree)
    return branch


def compiled(source: str) -> Pattern | None:
    try:
        return compile_pattern(source)
    except PatternError:
        return None


@settings(max_examples=200, deadline=None)
@given(sources, st.lists(texts, min_size=1, max_size=4))
def test_it_finds_what_re2_finds_and_nothing_else(source: str, some: list[str]) -> None:
    pattern = compiled(source)
    assume(pattern is not None)
    assert pattern is not None
    tree = tree_of(translated(source))
    assert tree is not None
    branch = branch_of(source)
    for octets in map(str.encode, some):
        if octets.isascii() or tree.is_whole:
            found, open_ = Places(Planes(octets)).found(branch)
            assert open_ or bool(found) is pattern.is_in(octets)


@pytest.mark.parametrize("source", ["a{3}b", "(ab){2}c", "(ab|cd){2,3}e", "a{2,5}b", "(ab)*c", "x(ab){0,4}c"])
def test_counts_are_exact_at_their_bounds(source: str) -> None:
    pattern = compile_pattern(f"^(?:{source})$")
    for count in range(8):
        for text in ("a" * count + "b", "ab" * count + "c", "cd" * count + "e", "x" + "ab" * count + "c"):
            found, _ = Places(Planes(text.encode())).found(branch_of(pattern.source))
            assert bool(found) is pattern.is_in(text.encode()), text


def test_patterns_that_begin_alike_are_told_apart() -> None:
    branch = branch_of("wire (?:me|us)", "wire money", "wire", "money wired")
    assert Places(Planes(b"please wire money")).found(branch) == ({1, 2}, set())


def test_what_repeats_too_often_in_no_one_length_is_left_open() -> None:
    branch = branch_of("x(?:ab|c)*y", "x(?:ab|c)*z", "q")
    most = "abc" * (ROUNDS_MAX // 3)
    assert Places(Planes(f"x{most}y".encode())).found(branch) == ({0}, set())
    assert Places(Planes(f"qx{most * 9}y".encode())).found(branch) == ({2}, {0, 1})


@pytest.mark.parametrize(
    ("source", "length"),
    [("a", 1), ("ab", 2), ("ab|c", None), ("ab|cd", 2), ("a{3}", 3), ("(ab|cd){3}", 6), ("a?", None), (r"\ba", 1)],
)
def test_a_length_is_known_or_none(source: str, length: int | None) -> None:
    tree = tree_of(translated(source))
    assert tree is not None
    assert length_of(tree.root) == length


def test_length_of_nothing_repeated_is_nothing() -> None:
    assert length_of(Times(Row(()), 0, 9)) == 0
    assert length_of(Either((One(1), Times(One(1), 2, 2)))) is None


HOSTILE = [
    "(a|b)*a(a|b){100}c",
    "a.{100}c",
    "(ab|ba){50}c",
    "((a{0,30}){0,30})c",
    "a[ab]{0,500}[ab]{300}c",
    "(?:a.?b){20}c",
    "(a|ab)(a|ba){0,30}c",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_a_hostile_text_costs_eight_times_as_much_where_it_is_eight_times_as_long(source: str) -> None:
    drawn = random.Random(1)
    branch = branch_of(source)

    def spent_ms(octets: int) -> float:
        text = "".join(drawn.choices("ab", k=octets)).encode()
        times = []
        for _ in range(5):
            began = time.process_time()
            found, open_ = Places(Planes(text)).found(branch)
            times.append(time.process_time() - began)
            assert not found
            assert not open_
        return min(times) * 1_000

    assert spent_ms(80_000) < 8 * 3 * spent_ms(10_000) + 5
