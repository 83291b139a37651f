"""The language of a text: told where there is enough of it, unknown where there is not, and cheap for any text."""

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify import tongue
from gatepost.verify.paper import Language

SAID: dict[str, str] = tomllib.loads((Path(__file__).parent / "tongues.toml").read_text("utf-8"))


@pytest.mark.parametrize("language", SAID)
def test_a_few_sentences_are_enough(language: str) -> None:
    assert tongue.of(SAID[language]) == language
    assert tongue.of(SAID[language] * 100) == language


def test_every_language_is_told_but_the_unknown() -> None:
    assert {*SAID, Language.UNKNOWN} == set(Language)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "12.5 / 30",
        "Lorem ipsum dolor sit amet",
        "\ud800" * 9,
        "\N{GRINNING FACE}" * 40,
        "\N{GEORGIAN LETTER AN}" * 9,
    ],
)
def test_what_shows_no_language_is_unknown(text: str) -> None:
    assert tongue.of(text) is Language.UNKNOWN


def test_most_of_the_text_counts_and_not_its_first_line() -> None:
    assert tongue.of("Thank you for your letter, it is with us. " + SAID["ru"] * 20) is Language.RUSSIAN
    assert tongue.of(SAID["zh"] + " https://example.com/a/long/link") is Language.CHINESE


def test_as_many_words_of_two_languages_are_of_neither() -> None:
    assert tongue.of("the the the und und und") is Language.UNKNOWN


@given(st.text())
def test_any_text_has_one_language_and_always_the_same(text: str) -> None:
    assert tongue.of(text) is tongue.of(text)


def test_a_long_text_costs_no_more_than_a_short_one() -> None:
    def took(text: str) -> float:
        begun = time.process_time()
        for _ in range(200):
            tongue.of(text)
        return time.process_time() - begun

    short, long = SAID["en"] * 10, SAID["en"] * 10_000
    assert min(took(long) for _ in range(3)) < 10 * min(took(short) for _ in range(3))
