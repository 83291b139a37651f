import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.keys import MASTER_OCTETS, Keyring, KeyringError

SEEDED = random.Random(1).randbytes


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path / "master.key", SEEDED)


def test_the_first_start_makes_a_key_only_its_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    Keyring.open(path, SEEDED)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == MASTER_OCTETS
    assert list(tmp_path.iterdir()) == [path]


def test_the_next_start_opens_what_this_one_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    wrapped = Keyring.open(path, SEEDED).wrap("log/tn_a", b"secret")
    assert Keyring.open(path, SEEDED).unwrap("log/tn_a", wrapped) == b"secret"


def test_a_slower_start_takes_the_key_of_the_faster_one(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    first: list[Keyring] = []

    def overtaken(octets: int) -> bytes:
        if octets == MASTER_OCTETS and not first:
            first.append(Keyring.open(path, SEEDED))
        return SEEDED(octets)

    second = Keyring.open(path, overtaken)
    assert second.unwrap("p", first[0].wrap("p", b"s")) == b"s"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_others_may_touch_is_refused_with_advice(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    Keyring.open(path, SEEDED)
    path.chmod(mode)
    with pytest.raises(KeyringError, match="chmod 600"):
        Keyring.open(path, SEEDED)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_file_of_another_size_is_no_master_key(tmp_path: Path, size: int) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(b"k" * size)
    path.chmod(0o600)
    with pytest.raises(KeyringError, match="32 octets"):
        Keyring.open(path, SEEDED)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    Keyring.open(tmp_path / "elsewhere", SEEDED)
    (tmp_path / "master.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyringError):
        Keyring.open(tmp_path / "master.key", SEEDED)


def test_a_missing_folder_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="No such file"):
        Keyring.open(tmp_path / "nowhere" / "master.key", SEEDED)


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


def test_another_house_cannot_open_it(keyring: Keyring, tmp_path: Path) -> None:
    other = Keyring.open(tmp_path / "other.key", SEEDED)
    with pytest.raises(KeyringError):
        other.unwrap("p", keyring.wrap("p", b"secret"))


def test_the_same_secret_wrapped_twice_looks_different(keyring: Keyring) -> None:
    assert keyring.wrap("p", b"secret") != keyring.wrap("p", b"secret")


def test_a_keyring_does_not_show_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    keyring = Keyring.open(path, SEEDED)
    assert repr(keyring) == str(keyring) == "Keyring()"
    assert not hasattr(keyring, "__dict__")
