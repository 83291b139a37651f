import pytest

from gatepost.act.hosted.verbs import DOES, READS, THINGS, name_words, stem


@pytest.mark.parametrize("name", ["send_direct_mail", "sendDirectMail", "send-direct.mail", "SEND_direct__mail"])
def test_a_name_falls_into_its_words(name: str) -> None:
    assert name_words(name) == ["send", "direct", "mail"]


def test_a_name_without_letters_has_one_empty_word() -> None:
    assert name_words("__") == [""]


@pytest.mark.parametrize(("word", "short"), [("files", "file"), ("address", "address"), ("is", "is"), ("file", "file")])
def test_a_plural_is_compared_as_its_singular(word: str, short: str) -> None:
    assert stem(word) == short


def test_no_verb_both_looks_and_acts() -> None:
    assert not READS & DOES.keys()


def test_every_word_is_kept_as_words_are_compared() -> None:
    for words in (*DOES.values(), *THINGS.values()):
        assert {stem(word) for word in words} == words
