"""Secrets and wrapping keys, kept apart from what they protect (docs/adr/0022)."""

from gatepost.keys.cursor import (
    NUMBER_OCTETS,
    CursorError,
    cursor_of,
    cut,
    numbered,
    place_of,
    read_numbered,
    read_timed,
    timed,
)
from gatepost.keys.drawn import Drawn
from gatepost.keys.errors import (
    OLDER_STEP,
    ErasedError,
    KeyLostError,
    KeyringError,
    KeysAwayError,
    KeysDamagedError,
    KeysUnusableError,
    SealBrokenError,
    older,
)
from gatepost.keys.keyring import KEY_OCTETS, Keyring
from gatepost.keys.keystore import FILE, KeyStore, Kind
from gatepost.keys.master import MASTER, NEXT
from gatepost.keys.vault import Blinder, Vault

__all__ = [
    "FILE",
    "KEY_OCTETS",
    "MASTER",
    "NEXT",
    "NUMBER_OCTETS",
    "OLDER_STEP",
    "Blinder",
    "CursorError",
    "Drawn",
    "ErasedError",
    "KeyLostError",
    "KeyStore",
    "Keyring",
    "KeyringError",
    "KeysAwayError",
    "KeysDamagedError",
    "KeysUnusableError",
    "Kind",
    "SealBrokenError",
    "Vault",
    "cursor_of",
    "cut",
    "numbered",
    "older",
    "place_of",
    "read_numbered",
    "read_timed",
    "timed",
]
