"""The keyring: what is wrapped opens under its key, for its purpose, and not otherwise."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.keys import KEY_OCTETS, Keyring, KeyringError

SEEDED = random.Random(1).randbytes


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(SEEDED(KEY_OCTETS), SEEDED)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_has_32_octets(size: int) -> None:
    with pytest.raises(KeyringError, match="32 octets"):
        Keyring(bytes(size), SEEDED)


@given(secret=st.binary(max_size=200), purpose=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_what_is_wrapped_can_be_unwrapped(secret: bytes, purpose: str) -> None:
    keyring = Keyring(bytes(32), SEEDED)
    assert keyring.unwrap(purpose, keyring.wrap(purpose, secret)) == secret


@given(position=st.integers(0, 1 + 12 + 6 + 16 - 1), bit=st.integers(0, 7))
def test_no_bit_of_a_wrapped_secret_can_be_changed(position: int, bit: int) -> None:
    keyring = Keyring(bytes(32), SEEDED)
    wrapped = bytearray(keyring.wrap("p", b"secret"))
    wrapped[position] ^= 1 << bit
    with pytest.raises(KeyringError):
        keyring.unwrap("p", bytes(wrapped))


@given(st.binary(max_size=80))
def test_garbage_is_no_wrapped_secret(garbage: bytes) -> None:
    with pytest.raises(KeyringError):
        Keyring(bytes(32), SEEDED).unwrap("p", garbage)


def test_a_secret_of_one_purpose_does_not_open_for_another(keyring: Keyring) -> None:
    with pytest.raises(KeyringError, match="purpose"):
        keyring.unwrap("webhook/wh_b", keyring.wrap("webhook/wh_a", b"secret"))


def test_a_secret_about_one_thing_does_not_open_for_another(keyring: Keyring) -> None:
    wrapped = keyring.wrap("p", b"secret", b"one")
    assert keyring.unwrap("p", wrapped, b"one") == b"secret"
    with pytest.raises(KeyringError):
        keyring.unwrap("p", wrapped, b"other")


def test_another_house_cannot_open_it(keyring: Keyring) -> None:
    other = Keyring(SEEDED(KEY_OCTETS), SEEDED)
    with pytest.raises(KeyringError):
        other.unwrap("p", keyring.wrap("p", b"secret"))


def test_the_same_secret_wrapped_twice_looks_different(keyring: Keyring) -> None:
    assert keyring.wrap("p", b"secret") != keyring.wrap("p", b"secret")


def test_a_keyring_does_not_show_what_it_holds(keyring: Keyring) -> None:
    assert repr(keyring) == str(keyring) == "Keyring()"
    assert not hasattr(keyring, "__dict__")
