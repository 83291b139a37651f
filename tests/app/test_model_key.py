from pathlib import Path

import pytest

from gatepost.app import model_key
from gatepost.keys import Keyring
from gatepost.settings import SettingsError
from outbound import entropy


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(bytes(32), entropy)


def test_a_key_comes_back_and_lies_nowhere_in_clear(tmp_path: Path, keyring: Keyring) -> None:
    model_key.keep(tmp_path, keyring, "sk-secret")
    assert model_key.take(tmp_path, keyring) == "sk-secret"
    [note] = tmp_path.iterdir()
    assert b"sk-secret" not in note.read_bytes()
    assert note.stat().st_mode & 0o077 == 0


def test_an_empty_key_forgets_it(tmp_path: Path, keyring: Keyring) -> None:
    model_key.keep(tmp_path, keyring, "sk-secret")
    model_key.keep(tmp_path, keyring, "")
    assert (model_key.take(tmp_path, keyring), list(tmp_path.iterdir())) == ("", [])


@pytest.mark.parametrize("wrong", ["a b", "a\nb", "\u00e9", "x" * 600])
def test_what_no_header_can_carry_is_no_key(tmp_path: Path, keyring: Keyring, wrong: str) -> None:
    with pytest.raises(SettingsError):
        model_key.keep(tmp_path, keyring, wrong)


@pytest.mark.parametrize("note", ["", "{}", '{"wrapped": 5}', '{"wrapped": "zz"}', '{"wrapped": "00"}'])
def test_what_this_house_did_not_wrap_is_refused_in_words(tmp_path: Path, keyring: Keyring, note: str) -> None:
    (tmp_path / model_key.NAME).write_text(note)
    with pytest.raises(SettingsError, match="set it again"):
        model_key.take(tmp_path, keyring)
