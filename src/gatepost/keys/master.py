"""The master key: 32 octets in a file that only its owner may read. It wraps the keys of the key store, and no more.

While the master key is replaced there are two files, ``master.key`` and ``master.next``; which of them is in force, the
key store's own row tells (``rotation``).
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatepost.clock import Entropy
from gatepost.durable import sync_folder
from gatepost.keys.errors import KeyringError
from gatepost.keys.keyring import KEY_OCTETS

MASTER, NEXT = "master.key", "master.next"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_folder(folder: Path) -> None:
    """Refuse a folder of keys that is not its owner's alone.

    Raises:
        KeyringError: with what to do.
    """
    try:
        facts = folder.stat()
    except OSError as error:
        raise KeyringError(f"the key folder {folder} cannot be used: {error.strerror}") from error
    _check_owner(f"the key folder {folder}", facts)
    if facts.st_mode & _OTHERS:
        raise KeyringError(f"the key folder {folder} is open to others: chmod 700 it, and if that is news, rotate keys")


def check_file(path: Path) -> None:
    """Refuse a file of the key folder that others may touch; raises ``KeyringError`` with what to do."""
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise KeyringError(f"{path} is no file: put it back in its place")
    _check_owner(str(path), facts)
    if facts.st_mode & _OTHERS:
        raise KeyringError(f"{path} can be read by others: chmod 600 it, and if that is news, rotate keys")


def make_master(path: Path, entropy: Entropy) -> None:
    """Write a new master key beside ``path``, flush it, and give it its name in one step; one that is there stays.

    Raises:
        KeyringError: the folder does not take it.
    """
    draft = path.with_name(f".{path.name}.{entropy(8).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(entropy(KEY_OCTETS))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # unlike a rename it never replaces a key that is there already
            except FileExistsError:
                return  # another start was faster; its key is the key
        finally:
            draft.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise KeyringError(f"the master key {path} cannot be written: {error.strerror}") from error


def read_master(path: Path) -> bytes:
    """Return the master key.

    Raises:
        KeyringError: the file is not ours alone, or is no master key; the text says what to do.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            facts = os.fstat(file.fileno())
            _check_owner(f"the master key {path}", facts)
            if facts.st_mode & _OTHERS:
                raise KeyringError(
                    f"the master key {path} can be read by others: chmod 600 it, and if that is news, rotate keys"
                )
            master = file.read(KEY_OCTETS + 1)
    except OSError as error:
        raise KeyringError(f"the master key {path} cannot be used: {error.strerror}") from error
    if len(master) != KEY_OCTETS:
        raise KeyringError(
            f"the master key {path} must have {KEY_OCTETS} octets: restore it from your backup; "
            "a new one opens nothing that was wrapped before"
        )
    return master


def _check_owner(what: str, facts: os.stat_result) -> None:
    """Refuse what is another account's: it reads and changes that as it likes, and could not read what we write there.

    So root neither serves with an account's keys nor rotates them under its feet.
    """
    if facts.st_uid != os.geteuid():
        raise KeyringError(
            f"{what} belongs to account {facts.st_uid}, and this is {os.geteuid()}: run this as the account the house"
            " runs as, or give the key folder and all in it to this one"
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold off whoever else opens this key store: of first starts at once one makes it, and the others find it."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
