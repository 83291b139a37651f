"""The kinds of characters that patterns tell apart, each as one octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.beyond_ascii import ALL, NONE, joined

SIGNS = (
    "".join(map(chr, range(0x3B0, 0x3D0)))
    + "az\n\x00?\x80\x81\x85\x9f\xa0\xff\u00fc\u0100\ufdd0\ufdd1\u212a\u4e2d\U0001f600\U0010ffff"
)
ranges = st.lists(st.sampled_from(SIGNS).map(lambda sign: (ord(sign), ord(sign))), max_size=9).map(joined)


@given(st.lists(ranges, max_size=4), st.text(SIGNS, max_size=60))
def test_each_character_is_of_a_kind_that_its_letters_stand_for(
    letters: list[tuple[tuple[int, int], ...]], text: str
) -> None:
    for more in ([], [((code, code),) for code in range(0x5000, 0x5000 + 300)]):
        check(Alphabet([*letters, ALL, NONE, *more]), letters, text)


def kinds_of(alphabet: Alphabet, text: str) -> list[int]:
    lower, upper = alphabet.spelled(text.encode())
    return [low + 256 * high for low, high in zip(lower, upper or bytes(len(lower)), strict=True)]


def check(alphabet: Alphabet, letters: list[tuple[tuple[int, int], ...]], text: str) -> None:
    kinds = kinds_of(alphabet, text)
    assert len(kinds) == len(text)
    for sign, kind in zip(text, kinds, strict=True):
        assert kind < alphabet.kinds
        if sign.isascii():
            assert kind == ord(sign)
        for each in letters:
            is_one = any(first <= ord(sign) <= last for first, last in each)
            assert (alphabet.members(each) >> kind & 1) == is_one


@pytest.mark.parametrize("before", ["", "plain text " * 9_000])
def test_a_text_of_very_many_characters_is_spelled_alike(before: str) -> None:
    """Whether most of it is beyond ASCII, or little."""
    text = before + "".join(map(chr, range(0x80, 0x2000))) + "\u00fc"
    alphabet = Alphabet([((0xFC, 0xFC),)])
    kinds = kinds_of(alphabet, text)
    rare = [place for place, kind in enumerate(kinds) if kind not in {alphabet.common, ord(text[place])}]
    assert rare == [len(before) + 0xFC - 0x80, len(text) - 1]


def test_more_kinds_than_an_octet_names_have_two() -> None:
    letters = [((code, code),) for code in range(0x4E00, 0x4E00 + 127)]
    assert Alphabet(letters).kinds == 256
    wide = Alphabet([*letters, ((0xFC, 0xFC),)])
    assert wide.kinds == 257
    assert kinds_of(wide, "a\u00fc\u4e00")[0] == ord("a")
    assert len(set(kinds_of(wide, "a\u00fc\u4e00\u4e01"))) == 4
