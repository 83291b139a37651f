import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.body import fold
from gatepost.decide.disguise import changes_of


@pytest.mark.parametrize(
    ("written", "changes"),
    [
        ("a\u00a0b\u00a0", {"\u00a0": " "}),
        ("\uff57\u200b\ufb01", {"\uff57": "w", "\u200b": "", "\ufb01": "fi"}),
        ("\u00fc", {}),
        ("u\u0308", None),
        ("\u3131\u314f", None),  # two letters of Hangul become one syllable
    ],
)
def test_each_character_goes_its_own_way_or_nothing_is_said(written: str, changes: dict[str, str] | None) -> None:
    assert changes_of(written, fold(written), fold) == changes


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
def test_what_is_said_is_what_folding_does(written: str) -> None:
    changes = changes_of(written, fold(written), fold)
    if changes is not None:
        assert "".join(changes.get(sign, sign) for sign in written) == fold(written)


def test_a_text_of_very_many_characters_is_not_looked_at() -> None:
    many = "".join(map(chr, range(0x4E00, 0x5300))) + "\uff0c"
    assert changes_of(many, fold(many), fold) is None
