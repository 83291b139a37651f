"""Whose mail it claims to be: the one author of RFC 5322 From, or why there is none."""

from dataclasses import dataclass
from functools import lru_cache

from gatepost.mail import address_list
from gatepost.mail.address import Address
from gatepost.mail.address_list import AddressListError
from gatepost.mail.fields import Header

MISSING = "author.missing"
AMBIGUOUS = "author.ambiguous"


SHORT_OCTETS = 400
"""Values no longer than this are remembered: most mail comes from who wrote before."""


@dataclass(frozen=True, slots=True)
class Author:
    """One address, or the reason code why there is none."""

    address: Address | None
    problem: str = ""


def find(header: Header) -> Author:
    """Read the author: exactly one From field with exactly one address (RFC 9989 section 4.10 leaves the rest to us).

    Whatever two readers could take for two different authors is ambiguous: a repeated field, several addresses,
    broken syntax, bare line ends in the header, a header too long to be read whole.
    """
    found = header.all(b"from")
    if header.is_ambiguous or len(found) > 1:
        return Author(None, AMBIGUOUS)
    if not found:
        return Author(None, MISSING)
    value = found[0].unfolded
    return _read_short(value) if len(value) <= SHORT_OCTETS else _read(value)


def _read(value: bytes) -> Author:
    try:
        named = address_list.parse(value.decode("utf-8"))
    except (AddressListError, UnicodeDecodeError):
        return Author(None, AMBIGUOUS)
    if not named:
        return Author(None, MISSING)
    if len(named) > 1 or named[0].address.domain.startswith("["):
        return Author(None, AMBIGUOUS)
    return Author(named[0].address)


_read_short = lru_cache(maxsize=4096)(_read)


def addresses(header: Header, name: bytes) -> tuple[Address, ...]:
    """Return the addresses of every field of that name; a field that cannot be read gives none."""
    found: list[Address] = []
    for field in header.all(name):
        try:
            found += [named.address for named in address_list.parse(field.text)]
        except AddressListError:
            continue
    return tuple(found)
