import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.scene import SEEDED
from gatepost.access.secret import Presented


@given(st.binary(min_size=42, max_size=42))
def test_what_is_made_can_be_presented(octets: bytes) -> None:
    made = Presented.make(lambda n: octets[:n] if n == 32 else octets[32 : 32 + n])
    assert Presented.parse(made.text) == made


@given(st.text(max_size=80))
def test_whatever_a_stranger_presents_is_a_key_or_none(text: str) -> None:
    parsed = Presented.parse(text)
    assert parsed is None or parsed.text == text


@pytest.mark.parametrize("change", ["gp_", "", " {}", "{}\n", "{}=", "GP{}", "x{}", "{}é"])
def test_another_spelling_is_no_key(change: str) -> None:
    text = Presented.make(SEEDED).text
    assert Presented.parse(change.format(text)) is None


def test_only_one_spelling_opens_the_door() -> None:
    # 43 characters spell 258 bits, so the last one has two to spare: decoding would take four spellings for one.
    made = Presented.make(SEEDED)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    fitting = [last for last in alphabet if Presented(made.id, made.secret[:-1] + last).fits(made.digest)]
    assert fitting == [made.secret[-1]]


def test_what_is_kept_is_the_sha256_of_the_secret_half() -> None:
    made = Presented.make(SEEDED)
    assert made.digest == hashlib.sha256(made.text[-43:].encode()).digest()


def test_a_key_does_not_show_its_secret_when_printed() -> None:
    made = Presented.make(SEEDED)
    assert made.secret not in repr(made)
    assert made.id in repr(made)


def test_two_keys_differ() -> None:
    assert Presented.make(SEEDED).text != Presented.make(SEEDED).text
