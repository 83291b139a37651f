import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.injection.fold import OTHER, fold, seen


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Ｉｇｎｏｒｅ", b"Ignore"),  # noqa: RUF001  # full width, on purpose
        ("іgnоrе", b"ignore"),  # noqa: RUF001  # Cyrillic, on purpose
        ("𝐢𝐠𝐧𝐨𝐫𝐞", b"ignore"),  # noqa: RUF001  # mathematical, on purpose
        ("ïgnôré", b"ignore"),
        ("“no”", b'"no"'),
        ("a\u00a0b", b"a b"),
        ("日本", bytes([OTHER, OTHER])),
    ],
)
def test_twins_become_the_letters_they_look_like(text: str, plain: bytes) -> None:
    assert fold(text) == plain


@given(st.text())
def test_folding_keeps_the_place_of_every_character(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert folded.isascii()


@given(st.text(alphabet=st.sampled_from("ab \u200b\u00ad\u2060\ufeff\u202e\u0645")))
def test_what_is_seen_knows_where_it_stood(text: str) -> None:
    stripped, stays = seen(text)
    assert stripped == (text if stays is None else "".join(text[place] for place in stays))
    assert not set(stripped) & set("\u200b\u00ad\u2060\ufeff\u202e")
