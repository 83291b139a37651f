"""Salted commitments: the log proves what was said without saying it, and forgets once the salt is destroyed."""

import hashlib
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gatepost.clock import Entropy
from gatepost.record.canonical import canonical
from gatepost.record.paper import Json

DOMAIN = b"gatepost/entry/v1"
SALT_OCTETS = 32


def commit(name: str, salt: bytes, value: Json) -> bytes:
    """Return SHA-256(domain, 0, field name, 0, salt, canonical value).

    The salt is random per value, so equal values have unequal commitments and none can be guessed.
    """
    return hashlib.sha256(head(name) + salt + canonical(value).encode()).digest()


@lru_cache(maxsize=256)  # names are ours and few
def head(name: str) -> bytes:
    """Return what is hashed before the salt."""
    return DOMAIN + b"\x00" + name.encode() + b"\x00"


def _base64(octets: bytes) -> str:
    return b2a_base64(octets, newline=False).decode()


@dataclass(frozen=True, slots=True)
class Opened:
    """One committed value with its salt."""

    salt: bytes
    value: Json


def seal(values: Mapping[str, Json], entropy: Entropy) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the commitments (for the leaf) and the opening (kept apart) of ``values``."""
    salts = entropy(SALT_OCTETS * len(values)) if values else b""
    commitments: dict[str, Json] = {}
    opening: dict[str, Json] = {}
    for place, (name, value) in enumerate(values.items()):
        salt = salts[place * SALT_OCTETS : (place + 1) * SALT_OCTETS]
        commitments[name] = _base64(commit(name, salt, value))
        opening[name] = {"salt": _base64(salt), "value": value}
    return commitments, opening
