"""A text as numbers: each bit stands for one of its places."""

from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.pattern_tree import EVERY_KIND, KELVIN, LONG_S, OTHER, Edge
from gatepost.decide.planes import Planes

texts = st.text(st.sampled_from("aZ09_ \n\x00\x7f\u00fc\u4e2d\U0001f600\u212a\u017f"), max_size=40)


def bits(text: str, members: set[int]) -> int:
    """The same, character by character."""
    special = {"\u212a": KELVIN, "\u017f": LONG_S}
    kinds = [special.get(sign, min(ord(sign), OTHER)) for sign in text]
    return sum(1 << place for place, kind in enumerate(kinds) if kind in members)


@given(texts, st.sets(st.sampled_from([*b"aZ09_ \n\x00\x7f", OTHER, KELVIN, LONG_S, *range(0x60, 0x70)])))
def test_a_class_has_a_bit_where_its_characters_stand(text: str, members: set[int]) -> None:
    planes = Planes(text.encode())
    mask = sum(1 << kind for kind in members)
    assert planes.count == len(text)
    assert planes.of(mask) == bits(text, members)
    assert planes.of(EVERY_KIND ^ mask) == planes.of(EVERY_KIND) ^ bits(text, members)


@given(texts)
def test_an_edge_has_a_bit_before_the_character_it_stands_before(text: str) -> None:
    planes = Planes(text.encode())
    word = [sign.isascii() and (sign.isalnum() or sign == "_") for sign in text]
    before, after = [False, *word], [*word, False]
    assert planes.at(Edge.BEGIN) == 1
    assert planes.at(Edge.END) == 1 << len(text)
    assert planes.at(Edge.WORD) == sum(1 << at for at in range(len(text) + 1) if before[at] != after[at])
    assert planes.at(Edge.NO_WORD) == planes.places ^ planes.at(Edge.WORD)
    lines = {0, *(at + 1 for at, sign in enumerate(text) if sign == "\n")}
    assert planes.at(Edge.LINE_BEGIN) == sum(1 << at for at in lines)
    ends = {len(text), *(at for at, sign in enumerate(text) if sign == "\n")}
    assert planes.at(Edge.LINE_END) == sum(1 << at for at in ends)
