"""The kinds of characters that patterns tell apart, each as one octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.beyond_ascii import ALL, NONE, joined

SIGNS = "".join(map(chr, range(0x3B0, 0x3D0))) + "az\n\x00\u00fc\u212a\u4e2d\U0001f600\U0010ffff"
ranges = st.lists(st.sampled_from(SIGNS).map(lambda sign: (ord(sign), ord(sign))), max_size=9).map(joined)


@given(st.lists(ranges, max_size=4), st.text(SIGNS, max_size=60))
def test_each_character_is_of_a_kind_that_its_letters_stand_for(
    letters: list[tuple[tuple[int, int], ...]], text: str
) -> None:
    alphabet = Alphabet([*letters, ALL, NONE])
    octets = alphabet.spelled(text.encode())
    assert len(octets) == len(text)
    for sign, kind in zip(text, octets, strict=True):
        assert kind < alphabet.kinds
        if sign.isascii():
            assert kind == ord(sign)
        for each in letters:
            is_one = any(first <= ord(sign) <= last for first, last in each)
            assert (alphabet.members(each) >> kind & 1) == is_one


def test_a_text_of_very_many_characters_is_spelled_alike() -> None:
    text = "".join(map(chr, range(0x80, 0x2000))) + "\u00fc"
    alphabet = Alphabet([((0xFC, 0xFC),)])
    octets = alphabet.spelled(text.encode())
    assert len(octets) == len(text)
    assert [place for place, kind in enumerate(octets) if kind != alphabet.common] == [0xFC - 0x80, len(text) - 1]


def test_more_kinds_than_an_octet_names_are_refused() -> None:
    letters = [((code, code),) for code in range(0x4E00, 0x4E00 + 127)]
    assert Alphabet(letters).kinds == 256
    with pytest.raises(ValueError, match="kinds"):
        Alphabet([*letters, ((0xFC, 0xFC),)])
