"""The master key's file: its owner's alone, whole or not there."""

import os
import random
from pathlib import Path

import pytest

from gatepost.keys import KEY_OCTETS, KeyringError
from gatepost.keys.master import check_file, check_folder, make_master, read_master

SEEDED = random.Random(1).randbytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


def test_a_new_key_is_its_owners_alone(path: Path) -> None:
    make_master(path, SEEDED)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_master(path)) == KEY_OCTETS
    assert list(path.parent.iterdir()) == [path]


def test_a_slower_start_takes_the_key_of_the_faster_one(path: Path) -> None:
    first: list[bytes] = []

    def overtaken(octets: int) -> bytes:
        if octets == KEY_OCTETS and not first:
            make_master(path, SEEDED)
            first.append(read_master(path))
        return SEEDED(octets)

    make_master(path, overtaken)
    assert read_master(path) == first[0]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_others_may_touch_is_refused_with_advice(path: Path, mode: int) -> None:
    make_master(path, SEEDED)
    path.chmod(mode)
    with pytest.raises(KeyringError, match="chmod 600"):
        read_master(path)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o711])
def test_a_folder_others_may_enter_is_refused_with_advice(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(KeyringError, match="chmod 700"):
        check_folder(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away takes root")
def test_what_belongs_to_another_account_is_refused_with_advice(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    make_master(folder / "master.key", SEEDED)
    for each in (folder / "master.key", folder):
        os.chown(each, 12_345, -1)
    for look in (read_master, check_file):
        with pytest.raises(KeyringError, match="belongs to account 12345, and this is 0: run this as"):
            look(folder / "master.key")
    with pytest.raises(KeyringError, match="belongs to account 12345"):
        check_folder(folder)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_file_of_another_size_is_no_master_key(path: Path, size: int) -> None:
    path.write_bytes(b"k" * size)
    path.chmod(0o600)
    with pytest.raises(KeyringError, match="32 octets"):
        read_master(path)


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    make_master(tmp_path / "elsewhere", SEEDED)
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyringError):
        read_master(path)


def test_a_missing_folder_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="No such file"):
        make_master(tmp_path / "nowhere" / "master.key", SEEDED)
    with pytest.raises(KeyringError, match="No such file"):
        check_folder(tmp_path / "nowhere")
