"""Which cipher a text is written in, by its telling words."""

import codecs

import pytest

from gatepost.verify.injection import ciphers


@pytest.mark.parametrize(
    ("written", "name", "plain"),
    [
        ("Qmfbtf tfoe ju", "rot1", "Please send it"),
        (codecs.encode("Your turn", "rot13"), "rot13", "Your turn"),
        ("Rtmliv gsrh", "atbash", "Ignore this"),
    ],
)
def test_one_telling_word_gives_a_cipher_away(written: str, name: str, plain: str) -> None:
    assert next(ciphers.read(f"Dear Ann, 17 {written}"))[0] == name
    assert dict(ciphers.read(written))[name] == plain


def test_plain_words_are_in_no_cipher() -> None:
    assert list(ciphers.read("Please ignore my previous message, the password is unchanged.")) == []


def test_of_many_ciphers_those_of_most_words_are_read() -> None:
    text = "qmfbtf rngcug sohdvh tpiewi tpiewi qmfbtf rngcug"
    assert [name for name, _ in ciphers.read(text)] == ["rot1", "rot2", "rot4"]
