"""Where a list goes on, as its reader carries it: a sealed place, which tells nothing and continues no other list.

A place is a number or a time of the last row shown. Numbers are the whole house's: shown, they would tell how much mail
all tenants get. The seal is AES-SIV (RFC 5297) under a key that the tenant's own key gives for that one list: it needs
no nonce, and equal places are spelled alike. Nothing is kept of a cursor, so the row it was made of may be gone.
"""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gatepost.keys.vault import Vault

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_OCTETS = 8
NUMBER_OCTETS = 8

T = TypeVar("T")


class CursorError(ValueError):
    """It continues no such list: it was given for another one, or by nobody."""

    def __init__(self) -> None:
        super().__init__("it continues another list, or none: begin again without a cursor")


def cursor_of(vault: Vault, of_list: str, place: bytes) -> str:
    """Return the cursor that continues a list after ``place``: letters, digits, - and _.

    Args:
        vault: the tenant's.
        of_list: whose list of what, and what was asked for: all that must be the same when it is continued.
        place: one octet or more. Its length shows.
    """
    return _spelled(AESSIV(vault.derive(f"cursor/{of_list}")).encrypt(place, None))


def place_of(vault: Vault, of_list: str, cursor: str) -> bytes:
    """Return the place a cursor stands for.

    Raises:
        CursorError: it was not made for this list.
    """
    try:
        sealed = base64.urlsafe_b64decode(f"{cursor}{'=' * (-len(cursor) % 4)}")
        place = AESSIV(vault.derive(f"cursor/{of_list}")).decrypt(sealed, None)
    except (InvalidTag, ValueError):
        raise CursorError from None
    if _spelled(sealed) != cursor:  # what is read has other spellings
        raise CursorError
    return place


def _spelled(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def cut(
    vault: Vault, of_list: str, found: Sequence[T], limit: int, place: Callable[[T], bytes]
) -> tuple[list[T], str | None]:
    """Return a page of at most ``limit`` rows, and the cursor that continues the list after it, None at its end.

    Args:
        vault: the tenant's.
        of_list: as for ``cursor_of``.
        found: one row more than the page holds, where there is a next one.
        limit: how many rows a page has.
        place: where a row stands.
    """
    shown = list(found[:limit])
    return shown, None if len(found) <= limit else cursor_of(vault, of_list, place(shown[-1]))


def numbered(number: int) -> bytes:
    """Return the place of a row in a list that goes by a number from 0 to 2**64 - 1."""
    return number.to_bytes(NUMBER_OCTETS, "big")


def read_numbered(place: bytes) -> int:
    """Return what ``numbered`` was given."""
    return int.from_bytes(place, "big")


def timed(at: datetime, tie: str) -> bytes:
    """Return the place of a row in a list that goes by time, and among those of one microsecond by ``tie``."""
    return ((at - _EPOCH) // timedelta(microseconds=1)).to_bytes(_TIME_OCTETS, "big", signed=True) + tie.encode()


def read_timed(place: bytes) -> tuple[datetime, str]:
    """Return what ``timed`` was given."""
    microseconds = int.from_bytes(place[:_TIME_OCTETS], "big", signed=True)
    return _EPOCH + timedelta(microseconds=microseconds), place[_TIME_OCTETS:].decode()
