"""Patterns put together: as many as one alphabet holds."""

import pytest

from gatepost.decide.guards.packs import PACKS_MAX, Pack, packs_of
from gatepost.decide.guards.pattern_tree import tree_of


def packs(*sources: str) -> list[Pack]:
    return list(packs_of({index: tree for index, source in enumerate(sources) if (tree := tree_of(source))}))


def words(start: int, count: int) -> str:
    return "".join(map(chr, range(start, start + count)))


def test_patterns_that_share_their_letters_are_one_pack() -> None:
    (pack,) = packs("wire", "(?i)money", "\u00fcber{2}", "b\u00fccher")
    assert list(pack.trees) == [2, 0, 1, 3]  # what repeats something is taken first
    assert pack.found("b\u00fccher und MONEY".encode(), {0, 1, 3}) == ({1, 3}, set())
    assert pack.found(b"wire money", {1}) == ({1}, set())


def test_what_tells_too_many_letters_apart_is_in_none() -> None:
    many = [words(0x4E00 + 60 * number, 60) for number in range(9)]
    found = packs(*many, f"{words(0x6000, 9)}{{9}}", words(0x7000, 300))
    assert len(found) == PACKS_MAX
    assert [sorted(pack.trees) for pack in found] == [[0, 9], [1]]


def test_classes_that_overlap_in_too_many_ways_are_in_none() -> None:
    pairs = "".join(f"[{chr(code)}-{chr(code + 2)}]" for code in range(0x4E00, 0x4E00 + 180, 2))
    assert not packs(pairs)


@pytest.mark.parametrize("source", ["wire", "w{9}", ""])
def test_one_pattern_is_a_pack(source: str) -> None:
    assert len(packs(source)) == 1
