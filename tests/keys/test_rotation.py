"""Another master key: killed between any two steps, everything still opens, and the next rotation goes through."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepost.keys import KeyringError, KeyStore
from gatepost.keys.keystore import FILE
from gatepost.keys.rotation import steps
from gatepost.keys.store import Rows

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SUBJECTS = [f"s{number}@example.org" for number in range(5)]
DYING = """
import os, sys
from pathlib import Path
from gatepost.keys.rotation import steps
from gatepost.keys.store import Rows
folder = Path(sys.argv[1])
going = steps(folder, Rows.open(folder / "keys.sqlite"), os.urandom)
for _ in range(int(sys.argv[2])):
    next(going)
os._exit(9)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def store(folder: Path) -> Iterator[KeyStore]:
    made = KeyStore.open(folder, os.urandom)
    yield made
    made.close()


def sealed_by(store: KeyStore) -> list[bytes]:
    vault = store.vault("tn_a")
    sealed = [vault.seal(f"email/{subject}", b"secret", at=NOON, subject=subject) for subject in SUBJECTS]
    asyncio.run(store.flush())
    return sealed


def all_open(store: KeyStore, sealed: list[bytes]) -> bool:
    vault = store.vault("tn_a")
    return all(
        vault.open(f"email/{subject}", each) == b"secret" for subject, each in zip(SUBJECTS, sealed, strict=True)
    )


def test_everything_opens_under_the_new_key_and_nothing_under_the_old(store: KeyStore, folder: Path) -> None:
    sealed = sealed_by(store)
    old = (folder / "master.key").read_bytes()
    wrapped = store.keyring.wrap("dkim", b"private")
    assert store.rotate() == len(SUBJECTS) + 3  # the month's, the tenant's, the house's
    assert (folder / "master.key").read_bytes() != old
    assert sorted(path.name for path in folder.iterdir()) == [FILE, f"{FILE}-shm", f"{FILE}-wal", "master.key"]
    assert all_open(store, sealed)
    again = KeyStore.open(folder, os.urandom)
    assert all_open(again, sealed)
    assert again.keyring.unwrap("dkim", wrapped) == b"private"
    again.close()
    (folder / "master.key").write_bytes(old)
    with pytest.raises(KeyringError, match="restore both"):
        KeyStore.open(folder, os.urandom)


def test_a_house_that_is_up_goes_on_under_the_new_key(store: KeyStore, folder: Path) -> None:
    sealed = sealed_by(store)
    beside = KeyStore.open(folder, os.urandom)  # knows no key yet
    store.rotate()
    assert all_open(beside, sealed)
    fresh = beside.vault("tn_a").seal("email/new", b"new", at=NOON, subject="new@example.org")
    asyncio.run(beside.flush())
    again = KeyStore.open(folder, os.urandom)
    assert again.vault("tn_a").open("email/new", fresh) == b"new"
    again.close()
    beside.close()


def count_of_steps(folder: Path) -> int:
    return sum(1 for _ in steps(folder, Rows.open(folder / FILE), os.urandom))


def test_killed_between_any_two_steps_all_stays_readable(store: KeyStore, folder: Path) -> None:
    sealed = sealed_by(store)
    for survived in range(1, count_of_steps(folder) + 1):
        command = [sys.executable, "-c", DYING, str(folder), str(survived)]
        assert subprocess.run(command, check=False).returncode == 9  # noqa: S603  # our own words
        again = KeyStore.open(folder, os.urandom)
        assert all_open(again, sealed), f"killed after step {survived}"
        assert all_open(store, sealed), f"beside one killed after step {survived}"
        again.close()
        assert not (folder / "master.next").exists()


def test_a_new_key_that_cannot_be_written_changes_nothing(store: KeyStore, folder: Path) -> None:
    sealed = sealed_by(store)
    (folder / "master.next").mkdir()
    with pytest.raises(KeyringError, match="not replaced"):
        store.rotate()
    assert all_open(store, sealed)
