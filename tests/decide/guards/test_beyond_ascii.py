"""Which characters beyond ASCII a letter of a pattern stands for: those that RE2 finds."""

from itertools import pairwise

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.decide.guards.beyond_ascii import ALL, FIRST, FOLDED, LAST, NONE, joined, ranges_of, without

SIGNS = "a-z\u00fc\u00df\u1e9e\u03c3\u03c2\u044f\u4e2d\ua7cb\u212a\U0001f600\U00010400"
items = st.one_of(
    st.sampled_from(
        [r"\d", r"\D", r"\S", r"\w", "[:alpha:]", "[:^alpha:]", r"\pL", r"\P{Greek}", r"\x{e0}-\x{ff}", r"\]"]
    ),
    st.tuples(st.sampled_from(sorted(SIGNS[3:])), st.sampled_from(sorted(SIGNS[3:]))).map(
        lambda two: "-".join(sorted(two))
    ),
    st.sampled_from(sorted(SIGNS[3:])),
)
classes = st.builds(
    lambda no, some: f"[{no}{''.join(some)}]", st.sampled_from(["", "^"]), st.lists(items, min_size=1, max_size=4)
)
letters = st.one_of(classes, st.sampled_from([*SIGNS[3:], ".", r"\x{fc}", r"\pL", r"\PL", r"\W", r"\n"]))


@settings(max_examples=150, deadline=None)
@given(letters, st.booleans(), st.text(min_size=1, max_size=30))
def test_it_is_what_re2_finds(letter: str, folds: bool, text: str) -> None:  # noqa: FBT001  # drawn
    ranges = ranges_of(letter, folds=folds)
    pattern = re2.compile(f"(?i:{letter})" if folds else letter)
    for sign in text + SIGNS:
        if not sign.isascii():
            code = ord(sign)
            assert any(first <= code <= last for first, last in ranges) is bool(pattern.fullmatch(sign))


def test_every_letter_with_a_case_lies_in_the_blocks_that_are_asked_of_re2() -> None:
    cased = (
        code
        for code in range(FIRST, LAST + 1)
        if not chr(code).lower() == chr(code).upper() == chr(code).title() == chr(code).casefold()
    )
    assert not [code for code in cased if not any(first <= code <= last for first, last in FOLDED)]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)).map(lambda two: (min(two), max(two)))))
def test_ranges_are_put_together_and_turned_round(written: list[tuple[int, int]]) -> None:
    ranges = joined(written)
    inside = {code for first, last in written for code in range(first, last + 1) if code >= FIRST}
    assert {code for first, last in ranges for code in range(first, last + 1)} == inside
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(ranges))
    assert without(without(ranges)) == ranges
    assert joined([*ranges, *without(ranges)]) == ALL
    assert without(ALL) == NONE
