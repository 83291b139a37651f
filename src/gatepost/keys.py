"""Secrets and wrapping keys, kept apart from what they protect.

The master key is 32 octets in a file that only its owner may read, outside the database: a stolen dump opens nothing.
Each purpose has a key of its own (HKDF, RFC 5869), so a secret wrapped for one purpose cannot be passed off as another.

A wrapped secret is ``version (1 octet) | nonce (12) | AES-256-GCM ciphertext and tag (16)``.
"""

import os
import stat
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typing_extensions import override

from gatepost.clock import Entropy

MASTER_OCTETS = 32
_VERSION = b"\x01"
_NONCE_OCTETS = 12  # SP 800-38D section 8.2.2: random 96-bit nonces, far fewer than 2^32 of them per purpose
_TAG_OCTETS = 16
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyringError(Exception):
    """The master key is missing, unreadable by us alone, or does not fit what it should unwrap."""


class Keyring:
    """Wraps secrets under the master key, which lies in a 0600 file outside the database."""

    __slots__ = ("_entropy", "_master")

    def __init__(self, master: bytes, entropy: Entropy) -> None:
        if len(master) != MASTER_OCTETS:
            raise KeyringError(f"a master key has {MASTER_OCTETS} octets")
        self._master = master
        self._entropy = entropy

    @classmethod
    def open(cls, path: Path, entropy: Entropy) -> Self:
        """Read the master key, or make it on the first start.

        Two houses starting at once on one folder end with the same key, and a crash leaves a whole file or none.

        Raises:
            KeyringError: the file is not ours alone, or is no master key; the text says what to do.
        """
        try:
            if not path.exists():
                _create(path, entropy)
            return cls(_read(path), entropy)
        except OSError as error:
            raise KeyringError(f"the master key {path} cannot be used: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path, entropy: Entropy) -> Self:
        """Read the master key; never make one.

        Raises:
            KeyringError: there is none, or it is not ours alone.
        """
        try:
            return cls(_read(path), entropy)
        except OSError as error:
            raise KeyringError(f"the master key {path} cannot be used: {error.strerror}") from error

    def wrap(self, purpose: str, secret: bytes) -> bytes:
        """Return ``secret`` encrypted and bound to ``purpose``."""
        nonce = self._entropy(_NONCE_OCTETS)
        return _VERSION + nonce + self._cipher(purpose).encrypt(nonce, secret, _VERSION)

    def unwrap(self, purpose: str, wrapped: bytes) -> bytes:
        """Return the secret; raises ``KeyringError`` where key or purpose do not fit."""
        if wrapped[:1] != _VERSION or len(wrapped) < len(_VERSION) + _NONCE_OCTETS + _TAG_OCTETS:
            raise KeyringError("this is no secret wrapped by this release")
        nonce, sealed = wrapped[1 : 1 + _NONCE_OCTETS], wrapped[1 + _NONCE_OCTETS :]
        try:
            return self._cipher(purpose).decrypt(nonce, sealed, _VERSION)
        except InvalidTag:
            raise KeyringError("the master key or the purpose does not fit this wrapped secret") from None

    def derive(self, purpose: str) -> bytes:
        """Return 32 octets that only this master key gives for ``purpose``; they wrap nothing."""
        info = b"gatepost/derive/1/" + purpose.encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._master)

    def _cipher(self, purpose: str) -> AESGCM:
        info = b"gatepost/wrap/1/" + purpose.encode()
        return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._master))

    @override
    def __repr__(self) -> str:
        return "Keyring()"  # never what it holds


def _create(path: Path, entropy: Entropy) -> None:
    """Write a new master key beside ``path``, flush it, and give it its name in one step."""
    draft = path.with_name(f".{path.name}.{entropy(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(entropy(MASTER_OCTETS))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename it never replaces a key that is there already
        except FileExistsError:
            return  # another start was faster; its key is the key
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        facts = os.fstat(file.fileno())
        if facts.st_mode & _OTHERS:
            raise KeyringError(
                f"the master key {path} can be read by others: chmod 600 it, and if that is news, replace the key"
            )
        master = file.read(MASTER_OCTETS + 1)
    if len(master) != MASTER_OCTETS:
        raise KeyringError(
            f"the master key {path} must have {MASTER_OCTETS} octets: restore it from your backup; "
            "a new one opens nothing that was wrapped before"
        )
    return master
