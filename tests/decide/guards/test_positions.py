"""All places of a text at once: the very answers of RE2, and as fast for a hostile text as for any other."""

import random
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from decide.guards.test_candidates import ATOMS, PREFIXES, SIGNS
from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.nodes import bare, ones_of
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.patterns import Pattern, PatternError, compile_pattern, translated
from gatepost.decide.guards.planes import Planes
from gatepost.decide.guards.positions import AHEAD_MAX, ROUNDS_MAX, Branch, Places, in_kinds, may_stay_open

QUANTIFIERS = ["", "", "", "?", "*", "+", "{2}", "{0,3}", "*?", "{1,}", "{2,5}", "{3}", "{0}", "{0,7}", "{1,9}"]
MORE = [
    "(?i:\u00fc)", "[\u00fc-\u00ff]", "[^\u00fca]", "(?i:[\u00e0-\u00ff])", r"[\p{Greek}\u00fc]", r"[^\PL]", r"\PL",
    "\u044f",
    "(?i:\u044f)", "[\u0430-\u044fa]", "\u4e2d", "(?i:\u03c3)", "(?i:\u00df)", "\U0001f600", "(?i:\U00010400)",
    "(a|b)", "(ab|k1)", "(a|bb)", "(a*)", "(?:a{0,3})", "(x+x+)", "[ab]", r"(?:\b|1)", "(s|)", "(?m:^)", "(?i:s)",
]  # fmt: skip
atoms = st.sampled_from([*ATOMS, *MORE])
quantifiers = st.sampled_from(QUANTIFIERS)


def grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    row = st.lists(st.tuples(inner, quantifiers), min_size=1, max_size=4).map(lambda p: "".join(a + q for a, q in p))
    return st.one_of(row, st.tuples(row, row).map("|".join)).map(lambda each: f"({each})")


sources = st.builds(str.__add__, st.sampled_from(PREFIXES), st.recursive(atoms, grouped, max_leaves=8))
texts = st.one_of(
    st.text(SIGNS, max_size=30),
    st.text("aabk1s \n\u212a\u044f\u03c3\u03c2\u03a3\u00df\u1e9e\u4e2d\u00e9\U0001f600\U00010428", max_size=70),
)


def found(octets: bytes, *sources: str) -> tuple[set[int], set[int]]:
    """Return which of the patterns are found, and which are left open."""
    trees = [bare(tree) for source in sources if (tree := tree_of(translated(source)))]
    assert len(trees) == len(sources)
    alphabet = Alphabet(one.beyond for tree in trees for one in ones_of(tree))
    branch = Branch({index: in_kinds(tree, alphabet, {}) for index, tree in enumerate(trees)})
    return Places(Planes(octets, alphabet)).found(branch)


def compiled(source: str) -> Pattern | None:
    try:
        return compile_pattern(source)
    except PatternError:
        return None


@settings(max_examples=120, deadline=None)
@given(sources, st.lists(texts, min_size=1, max_size=4))
def test_it_finds_what_re2_finds_and_nothing_else(source: str, some: list[str]) -> None:
    pattern = compiled(source)
    assume(pattern is not None)
    assert pattern is not None
    assume(tree_of(translated(source)) is not None)
    for octets in map(str.encode, some):
        matched, open_ = found(octets, source)
        assert open_ or bool(matched) is pattern.is_in(octets)


@pytest.mark.parametrize("source", ["a{3}b", "(ab){2}c", "(ab|cd){2,3}e", "a{2,5}b", "(ab)*c", "x(ab){0,4}c"])
def test_counts_are_exact_at_their_bounds(source: str) -> None:
    pattern = compile_pattern(f"^(?:{source})$")
    for count in range(8):
        for text in ("a" * count + "b", "ab" * count + "c", "cd" * count + "e", "x" + "ab" * count + "c"):
            matched, _ = found(text.encode(), pattern.source)
            assert bool(matched) is pattern.is_in(text.encode()), text


def test_patterns_that_begin_alike_are_told_apart() -> None:
    sources = "wire (?:me|us)", "wire money", "wire", "money wired"
    assert found(b"please wire money", *sources) == ({1, 2}, set())


def test_what_repeats_too_often_in_no_one_length_is_left_open() -> None:
    sources = "x(?:ab|c)*y", "x(?:ab|c)*z", "q"
    most = "abc" * (ROUNDS_MAX // 3)
    assert found(f"x{most}y".encode(), *sources) == ({0}, set())
    assert found(f"qx{most * 9}y".encode(), *sources) == ({2}, {0, 1})


@pytest.mark.parametrize(
    ("source", "expected"),
    [("x(?:ab|c)*y", True), ("(x(ab|c){70,})z", True), ("x(ab|c){9}", False), ("(ab)*|c+", False)],
)
def test_it_is_known_which_patterns_a_text_may_leave_open(source: str, *, expected: bool) -> None:
    tree = tree_of(source)
    assert tree is not None
    assert may_stay_open(tree) is expected


def test_more_letters_than_are_read_at_one_place_are_a_word() -> None:
    word = "abcdefghij" * 3
    assert len(word) > 2 * AHEAD_MAX
    assert found(f"x{word[:-1]} {word}".encode(), word, f"{word}k", f"x{word}", f"{word[:13]} *{word[13:]}$") == (
        {0, 3},
        set(),
    )


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

    def spent_ms(octets: int) -> float:
        text = "".join(drawn.choices("ab", k=octets)).encode()
        times = []
        for _ in range(5):
            began = time.process_time()
            told = found(text, source)
            times.append(time.process_time() - began)
            assert told == (set(), set())
        return min(times) * 1_000

    assert spent_ms(80_000) < 8 * 3 * spent_ms(10_000) + 5
