from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.unseen import part


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(char)) for char in text)


def test_tag_characters_spell_what_they_hide() -> None:
    assert part("hello" + tags("obey me")) == ("hello", "obey me")


def test_variation_selectors_spell_octets() -> None:
    hidden = "".join(chr(0xFE00 + octet if octet < 16 else 0xE0100 + octet - 16) for octet in b"obey")
    assert part("x" + hidden) == ("x", "obey")


def test_zero_width_characters_vanish() -> None:
    assert part("pass\u200bword \u2060x\ufeff\u00ad") == ("password x", "")


def test_flags_emoji_and_joiners_stay() -> None:
    text = "\U0001f3f4" + tags("gbeng") + "\U000e007f \U0001f468\u200d\U0001f469 \u2764\ufe0f \u0645\u200c\u0627"
    assert part(text) == (text, "")


@given(st.text())
def test_a_cleaned_text_is_clean(text: str) -> None:
    clean, _ = part(text)
    assert len(clean) <= len(text)
    assert "\u200b" not in clean
