"""RE2 alone finds every end that Hyperscan finds."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu import least_cpu_s
from gatepost.mail.ends import CASELESS, DOTALL, ONCE, Ends, Pattern, for_re2, hyperscan

PATTERNS: list[Pattern] = [
    (rb"ab{1,3}", 0, DOTALL),
    (rb"\ba.{0,4}b\b", 1, DOTALL | CASELESS),
    (rb"(?:\A|[. ])b[a-z]{1,3}", 2, DOTALL | CASELESS),
    (rb"a\s\S", 3, DOTALL),
    (b"[i\xe9]x|\xc9a", 4, DOTALL | CASELESS),
    (rb"[^ab\s]{2}", 5, DOTALL | CASELESS),
    (rb"(?:aa|b){2}", 6, DOTALL | ONCE),
    (rb"b\z", 7, DOTALL),
    (b"\xe0b", 8, DOTALL),
]


def by_hyperscan(patterns: Sequence[Pattern], octets: bytes) -> list[tuple[int, int]]:
    database = hyperscan.Database()
    expressions, ids, flags = zip(*patterns, strict=True)
    database.compile(expressions=list(expressions), ids=list(ids), flags=list(flags))
    found: list[tuple[int, int]] = []

    def take(which: int, _start: int, end: int, _flags: int, _context: object) -> None:
        found.append((end, which))

    database.scan(octets, match_event_handler=take, scratch=hyperscan.Scratch(database))
    return sorted(found)


@pytest.mark.skipif(hyperscan is None, reason="there is nothing to compare with")
@given(st.text("abABix. \n\v\u00e9\u00c9\u00e0\u00c0_", max_size=60).map(lambda text: text.encode("latin-1")))
def test_it_finds_every_end_that_hyperscan_finds(octets: bytes) -> None:
    assert Ends(PATTERNS).found(octets, 1_000) == by_hyperscan(PATTERNS, octets)


def test_ends_within_and_beyond_one_another_are_all_told() -> None:
    assert Ends([(rb"a[ab]{1,3}", 7, DOTALL)]).found(b"xaaabb", 100) == [(3, 7), (4, 7), (5, 7), (6, 7)]


def test_the_first_of_many_are_told() -> None:
    ends = Ends([(rb"a", 1, DOTALL), (rb"b", 2, DOTALL)])
    assert ends.found(b"ab" * 50, 3) == [(1, 1), (2, 2), (3, 1)]


def test_what_occurs_is_told_by_its_name() -> None:
    assert Ends([(rb"a", 4, DOTALL), (rb"b", 5, DOTALL)]).names(b"xb") == [5]


def test_only_ascii_has_two_cases() -> None:
    assert Ends([(b"\xe9A", 1, DOTALL | CASELESS)]).found(b"\xc9a \xe9a", 9) == [(5, 1)]


def test_what_cannot_be_told_to_re2_alike_is_refused() -> None:
    with pytest.raises(ValueError, match="excluded"):
        for_re2(b"[^\xe9]", is_caseless=True)


def _cpu(text: bytes) -> float:
    ends = Ends([(rb"[a-z]{1,16}@[a-z]{1,16}", 0, DOTALL), (rb"a.{0,30}b", 1, DOTALL)])
    return least_cpu_s(lambda: ends.found(text, 1_000_000))


@pytest.mark.parametrize("unit", [b"a", b"a@a", b"ab ", b"@", b"aaaa "])
def test_four_times_the_text_takes_about_four_times_the_time(unit: bytes) -> None:
    small, large = _cpu(unit * (4_000 // len(unit))), _cpu(unit * (16_000 // len(unit)))
    assert large < 10 * small + 0.02
