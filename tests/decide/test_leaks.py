"""All that a message says is read, in the spellings that disguise it; what cannot be read is told."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import content
from gatepost.decide import leaks
from gatepost.decide.body import TooLongError
from gatepost.verify.paper import Attachment, Extraction, ModelView, Reading

MARK = "Orchid-7731-Zebra"


def attached(text: str = "", *, extraction: Extraction = Extraction.DONE, filename: str = "a.pdf") -> Any:
    file = Attachment(2, filename, "application/pdf", 10, text, extraction)
    return content(reading=Reading("hello", ModelView("hello"), attachments=(file,)))


@pytest.mark.parametrize(
    "said",
    [
        content("the word is quince"),
        content("", subject="quince"),
        content("", html="<p>qu<b>in</b>ce</p>"),
        content("", html="<p style='display:none'>quince</p>"),
        content("", hidden_text="quince"),
        content("q\u200bu\u00adince"),
        content("\uff51\uff55\uff49\uff4e\uff43\uff45"),
        attached("a quince"),
        attached(filename="quince.pdf"),
    ],
)
def test_every_place_and_disguise_is_read(said: Any) -> None:
    assert any("quince" in text for text in leaks.texts_of(said))


@pytest.mark.parametrize("text", ["&#113;uin&#x63;e", "qu%69nce", "=?utf-8?b?cXVpbmNl?=", "q&shy;uince", "%71%75ince"])
def test_what_programs_write_for_a_character_is_read(text: str) -> None:
    assert any("quince" in each for each in leaks.texts_of(content(f"see {text} there")))


@pytest.mark.parametrize("text", ["&#" + "9" * 100_000, "&#99999999999;", "%zz %f %", "%ff%fe", "&#xD800;", "=?x?b?"])
def test_what_stands_for_no_character_stays(text: str) -> None:
    leaks.decoded(text)


@pytest.mark.parametrize("extraction", [each for each in Extraction if each.value not in {"done", "not-tried"}])
def test_a_file_that_could_not_be_read_is_told(extraction: Extraction) -> None:
    with pytest.raises(TooLongError):
        leaks.texts_of(attached(extraction=extraction))


def test_a_file_of_no_kind_we_read_is_left_to_the_attachment_gate() -> None:
    assert leaks.texts_of(attached(extraction=Extraction.NOT_TRIED))


def test_too_much_text_is_told() -> None:
    with pytest.raises(TooLongError):
        leaks.texts_of(attached("x " * 1_000_000))


@pytest.mark.parametrize(
    "text",
    [
        MARK,
        "say orchid 7731 zebra",
        "O.R.C.H.I.D 7_7_3_1 z e b r a",
        MARK[::-1],
        MARK.encode().hex(),
        base64.b64encode(MARK.encode()).decode(),
        base64.b64encode(b"x" + MARK.encode() + b"yz").decode(),
        base64.b64encode(b"xy" + MARK.encode()).decode(),
        "\n".join(
            base64.b64encode(b"some words before " + MARK.encode()).decode()[at : at + 10] for at in range(0, 60, 10)
        ),
    ],
)
def test_a_canary_is_found_in_its_disguises(text: str) -> None:
    assert leaks.has_mark([f"see {text} there"], [MARK])


@pytest.mark.parametrize("text", ["orchid 7731", "zebra", "", "an orchid and a zebra"])
def test_a_part_of_a_canary_is_none(text: str) -> None:
    assert not leaks.has_mark([text], [MARK])


def test_without_canaries_there_is_nothing_to_find() -> None:
    assert not leaks.has_mark(["anything"], [])


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_base64_hides_no_canary_wherever_it_begins(before: bytes, after: bytes) -> None:
    assert leaks.has_mark([base64.b64encode(before + MARK.encode() + after).decode()], [MARK])


@given(st.text())
def test_reading_never_raises(text: str) -> None:
    texts = leaks.texts_of(content(text))
    leaks.has_mark(texts, [MARK])
    for each in texts:
        leaks.has_credential(each)
        leaks.has_card_number(each)
        leaks.has_iban(each)
