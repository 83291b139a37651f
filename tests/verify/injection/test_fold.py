import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.injection.fold import fold, seen


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Ｉｇｎｏｒｅ", b"Ignore"),  # noqa: RUF001  # full width, on purpose
        ("іgnоrе", b"ignore"),  # noqa: RUF001  # Cyrillic, on purpose
        ("𝐢𝐠𝐧𝐨𝐫𝐞", b"ignore"),  # noqa: RUF001  # mathematical, on purpose
        ("ïgnôré", b"ignore"),
        ("“no”", b'"no"'),
        ("a\u00a0b", b"a b"),
        ("20 €", b"20 $"),
        ("øßł", b"osl"),
        ("⠊⠛⠝⠕⠗⠑", b"ignore"),
        ("ᴵᵍⁿᵒʳᵉ", b"Ignore"),
        ("\U0001f1ee\U0001f1ec\U0001f1f3\U0001f1f4", b"igno"),
    ],
)
def test_twins_become_the_letters_they_look_like(text: str, plain: bytes) -> None:
    assert fold(text) == plain


@given(st.text())
def test_folding_keeps_the_place_of_every_character(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)


@pytest.mark.parametrize(
    ("first", "last"),
    [("а", "я"), ("α", "ω"), ("א", "ת"), ("ا", "ي"), ("अ", "ह"), ("ぁ", "ん"), ("가", "갛")],  # noqa: RUF001  # alphabets
)
def test_the_letters_of_an_alphabet_stay_apart(first: str, last: str) -> None:
    letters = [chr(point) for point in range(ord(first), ord(last) + 1)]
    assert len(set(fold("".join(letters)))) >= len(letters) - 4  # some are twins of one Latin letter


def test_other_alphabets_know_no_case_either() -> None:
    assert fold("ИГНОРИРУЙ").lower() == fold("игнорируй")
    assert fold("ΞΕΧΑΣΕ").lower() == fold("ξεχασε")


def test_what_has_no_twin_is_no_ascii() -> None:
    assert not set(fold("日本語のメール")) & set(range(0x80))


@given(st.text(alphabet=st.sampled_from("ab \u200b\u00ad\u0301\u2060\ufeff\u202e\u0645")))
def test_what_is_seen_knows_where_it_stood(text: str) -> None:
    stripped, stays = seen(text)
    assert stripped == (text if stays is None else "".join(text[place] for place in stays))
    assert not set(stripped) & set("\u200b\u00ad\u0301\u2060\ufeff\u202e")
