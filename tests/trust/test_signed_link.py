"""Links that say one thing to us alone."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.keys import Keyring
from gatepost.trust import signed_link

KEYRING = Keyring(bytes(32), os.urandom)
OTHER = Keyring(b"\x01" * 32, os.urandom)


@given(row=st.text(max_size=40), round_=st.integers(0, 2**31))
def test_what_is_signed_is_read(row: str, round_: int) -> None:
    token = signed_link.sign("one", row, round_, KEYRING)
    assert signed_link.read("one", token, KEYRING) in {(row, round_), None if len(token) > 256 else (row, round_)}


@given(token=st.text(max_size=300))
def test_no_stranger_s_text_is_read(token: str) -> None:
    assert signed_link.read("one", token, KEYRING) is None


@pytest.mark.parametrize("place", [0, 5, -1, -20])
def test_one_changed_letter_breaks_it(place: int) -> None:
    token = signed_link.sign("one", "su_abc", 1, KEYRING)
    at = place % len(token)
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    assert signed_link.read("one", changed, KEYRING) is None


def test_a_link_is_of_no_use_for_another_purpose_or_house() -> None:
    token = signed_link.sign("one", "su_abc", 1, KEYRING)
    assert signed_link.read("two", token, KEYRING) is None
    assert signed_link.read("one", token, OTHER) is None
