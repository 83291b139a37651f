"""Secrets and wrapping keys, kept apart from what they protect."""

from pathlib import Path
from typing import Self

from gatepost.clock import Entropy


class KeyringError(Exception):
    """The master key is missing, unreadable by us alone, or does not fit what it should unwrap."""


class Keyring:
    """Wraps secrets under the master key, which lies in a 0600 file outside the database."""

    @classmethod
    def open(cls, path: Path, entropy: Entropy) -> Self:
        """Read the master key, or make it on the first start."""
        raise NotImplementedError

    def wrap(self, purpose: str, secret: bytes) -> bytes:
        """Return ``secret`` encrypted and bound to ``purpose``."""
        raise NotImplementedError

    def unwrap(self, purpose: str, wrapped: bytes) -> bytes:
        """Return the secret; raises ``KeyringError`` where key or purpose do not fit."""
        raise NotImplementedError
