"""Salted commitments: the log proves what was said without saying it, and forgets once the salt is destroyed."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

import orjson

from gatepost.clock import Entropy
from gatepost.record.canonical import canonical
from gatepost.record.paper import Json

DOMAIN = b"gatepost/entry/v1"
SALT_OCTETS = 32
_BEFORE_SALT, _AFTER_SALT, _AFTER_VALUE = b'":{"salt":"', b'","value":', b'},"'
_SALT_CHARS = 44  # of base64
_VALUE_AT = _SALT_CHARS + len(_AFTER_SALT)


def commit(name: str, salt: bytes, value: Json) -> bytes:
    """Return SHA-256(domain, 0, field name, 0, salt, canonical value).

    The salt is random per value, so equal values have unequal commitments and none can be guessed.
    """
    return sha256(_head(name.encode()) + salt + canonical(value).encode()).digest()


@lru_cache(maxsize=256)  # names are ours and few
def _head(name: bytes) -> bytes:
    return DOMAIN + b"\x00" + name + b"\x00"


@lru_cache(maxsize=256)
def _opening_head(name: str) -> bytes:
    return orjson.dumps(name) + b':{"salt":"'


def seal(spelled: Mapping[str, bytes], entropy: Entropy) -> tuple[dict[str, Json], bytes]:
    """Return the commitments (for the leaf) and the opening (kept apart) of values in their canonical spelling.

    The opening is JSON, ``{field: {salt, value}}``, each value as it was hashed.
    """
    salts = entropy(SALT_OCTETS * len(spelled)) if spelled else b""
    commitments: dict[str, Json] = {}
    opening: list[bytes] = []
    at = 0
    for name, value in spelled.items():
        salt = salts[at : at + SALT_OCTETS]
        at += SALT_OCTETS
        digest = sha256(_head(name.encode()) + salt + value).digest()
        commitments[name] = b2a_base64(digest, newline=False).decode()
        opening.append(b'%b%b","value":%b}' % (_opening_head(name), b2a_base64(salt, newline=False), value))
    return commitments, b"{%b}" % b",".join(opening)


def commitments(opening: bytes) -> dict[str, str] | None:
    """Return the commitments of an opening that ``seal`` made, or None where its octets were made otherwise.

    Each value is hashed as it is spelled there and never read, at half the cost. What commits to the same is the same:
    the octets between names, salts and values are looked at as well.
    """
    if opening == b"{}":
        return {}
    if opening[:2] != b'{"' or opening[-1:] != b"}":
        return None
    first, *parts = (opening[2:-1] + b',"').split(_BEFORE_SALT)  # so the last value ends as the others do
    found: dict[str, str] = {}
    name = first
    for part in parts:
        value, _, following = part.rpartition(_AFTER_VALUE)
        if not value.startswith(_AFTER_SALT, _SALT_CHARS):
            return None
        try:
            salt = a2b_base64(part[:_SALT_CHARS], strict_mode=True)
            digest = sha256(_head(name) + salt + value[_VALUE_AT:]).digest()
            found[name.decode()] = b2a_base64(digest, newline=False).decode()
        except ValueError:  # no base64, or no UTF-8
            return None
        if len(salt) != SALT_OCTETS:  # it would end within the value
            return None
        name = following
    return None if name else found
