"""A text as numbers: each bit stands for one of its places."""

from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.beyond_ascii import Ranges, joined, without
from gatepost.decide.guards.nodes import Edge, One
from gatepost.decide.guards.planes import Planes

SIGNS = "aZ09_ \n\x00\x7f`abcdefghijklmnoz\u00fc\u4e2d\U0001f600\u212a\u017f"
MANY = range(0x4E00, 0x4E00 + 400)
"""More kinds than an octet has names for."""
texts = st.text(st.sampled_from(SIGNS), max_size=40)
sets = st.sets(st.sampled_from(SIGNS))


def letter_of(signs: set[str]) -> One:
    beyond: Ranges = joined((ord(sign), ord(sign)) for sign in signs)
    return One(sum(1 << ord(sign) for sign in signs if sign.isascii()), beyond)


def bits(text: str, signs: set[str]) -> int:
    """The same, character by character."""
    return sum(1 << place for place, sign in enumerate(text) if sign in signs)


@given(texts, sets, sets, st.booleans())
def test_a_class_has_a_bit_where_its_characters_stand(
    text: str,
    signs: set[str],
    others: set[str],
    is_wide: bool,  # noqa: FBT001  # drawn
) -> None:
    one, other = letter_of(signs), letter_of(others)
    rest = One((1 << 128) - 1 ^ one.members, without(one.beyond))
    alphabet = Alphabet(
        [one.beyond, other.beyond, rest.beyond, *([((code, code),) for code in MANY] if is_wide else [])]
    )
    planes = Planes(text.encode(), alphabet)
    assert planes.count == len(text)
    assert planes.of(one.members | alphabet.members(one.beyond)) == bits(text, signs)
    assert planes.of(other.members | alphabet.members(other.beyond)) == bits(text, others)
    assert planes.of(rest.members | alphabet.members(rest.beyond)) == planes.places >> 1 ^ bits(text, signs)


@given(texts)
def test_an_edge_has_a_bit_before_the_character_it_stands_before(text: str) -> None:
    planes = Planes(text.encode(), Alphabet([]))
    word = [sign.isascii() and (sign.isalnum() or sign == "_") for sign in text]
    before, after = [False, *word], [*word, False]
    assert planes.at(Edge.BEGIN) == 1
    assert planes.at(Edge.END) == 1 << len(text)
    assert planes.at(Edge.WORD) == sum(1 << at for at in range(len(text) + 1) if before[at] != after[at])
    assert planes.at(Edge.NOT_WORD) == planes.places ^ planes.at(Edge.WORD)
    lines = {0, *(at + 1 for at, sign in enumerate(text) if sign == "\n")}
    assert planes.at(Edge.LINE_BEGIN) == sum(1 << at for at in lines)
    ends = {len(text), *(at for at, sign in enumerate(text) if sign == "\n")}
    assert planes.at(Edge.LINE_END) == sum(1 << at for at in ends)
