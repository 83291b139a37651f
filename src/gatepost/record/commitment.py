"""Salted commitments: the log proves what was said without saying it, and forgets once the salt is destroyed."""

from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

import msgspec
import orjson

from gatepost.clock import Entropy
from gatepost.record.canonical import canonical
from gatepost.record.paper import Json

if TYPE_CHECKING:  # it has this name in typeshed, and no public one
    from _hashlib import HASH

DOMAIN = b"gatepost/entry/v1"
SALT_OCTETS = 32


class _Part(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One value of an opening, as it is spelled. A longer salt would end within the value."""

    salt: Annotated[bytes, msgspec.Meta(min_length=SALT_OCTETS, max_length=SALT_OCTETS)]
    value: msgspec.Raw


_decode_lines = msgspec.json.Decoder(dict[str, _Part]).decode_lines
_encode_lines = msgspec.json.Encoder().encode_lines


def commit(name: str, salt: bytes, value: Json) -> bytes:
    """Return SHA-256(domain, 0, field name, 0, salt, canonical value).

    The salt is random per value, so equal values have unequal commitments and none can be guessed.
    """
    return sha256(_head(name) + salt + canonical(value).encode()).digest()


@lru_cache(maxsize=256)  # names are ours and few
def _head(name: str) -> bytes:
    return b"\x00".join((DOMAIN, name.encode(), b""))


@lru_cache(maxsize=256)
def _begun(name: str) -> "HASH":
    """Return the hash of a value of that name, begun: to copy it costs less than to begin one."""
    return sha256(_head(name))


@lru_cache(maxsize=256)
def _named(name: str) -> "tuple[Callable[[], HASH], bytes]":
    """Return what begins the hash of a value of that name, and how it begins in an opening, after the one before it."""
    return _begun(name).copy, b'},%b:{"salt":"' % orjson.dumps(name)


def seal(spelled: Mapping[str, bytes], entropy: Entropy) -> tuple[dict[str, Json], bytes]:
    """Return the commitments (for the leaf) and the opening (kept apart) of values in their canonical spelling.

    The opening is JSON, ``{field: {salt, value}}``, each value as it was hashed.
    """
    if not spelled:
        return {}, b"{}"
    salts = entropy(SALT_OCTETS * len(spelled))
    commitments: dict[str, Json] = {}
    opening: list[bytes] = []
    at = 0
    for name, value in spelled.items():
        begin, head = _named(name)
        salt = salts[at : at + SALT_OCTETS]
        at += SALT_OCTETS
        made = begin()
        made.update(salt + value)
        commitments[name] = b2a_base64(made.digest(), newline=False).decode()
        opening += (head, b2a_base64(salt, newline=False), b'","value":', value)
    return commitments, b"{%b}}" % b"".join(opening)[2:]


def commitments(openings: Sequence[bytes]) -> list[dict[str, bytes]] | None:
    """Return what the values of openings that ``seal`` made commit to, or None where one's octets were made otherwise.

    Each value is hashed as it is spelled there and never read. All other octets are looked at by spelling them again:
    what commits to the same is the same. Together, as lines, they cost a fifth less than one by one.
    """
    lines = b"\n".join((*openings, b""))
    try:
        read = _decode_lines(lines)
    except ValueError:  # no JSON, no UTF-8, or something else in the place of a salt
        return None
    if len(read) != len(openings) or _encode_lines(read) != lines:
        return None
    return [_made(parts) for parts in read]


def _made(parts: Mapping[str, _Part]) -> dict[str, bytes]:
    made = {}
    for name, part in parts.items():
        one = _begun(name).copy()
        one.update(part.salt)
        one.update(part.value)
        made[name] = one.digest()
    return made
