"""Mail addresses (RFC 5321 section 4.1.2, RFC 6531, RFC 5890): valid because they exist."""

import ipaddress
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import idna
from typing_extensions import override

LOCAL_MAX_OCTETS = 64  # RFC 5321 section 4.5.3.1.1
DOMAIN_MAX_OCTETS = 255  # RFC 5321 section 4.5.3.1.2
PATH_MAX_OCTETS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]+"  # RFC 6531 section 3.3 adds all beyond ASCII
_DOT_STRING = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
_UNSENDABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # ASCII controls, and halves of characters: no UTF-8 has them
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'["\\]')


class AddressError(ValueError):
    """The text is not an address; the message says why, without quoting the text."""


@lru_cache(maxsize=8192)
def normalise_domain(text: str) -> str:
    """Return ``text`` as lowercase A-labels without a final dot (RFC 5890, UTS 46 for U-labels).

    Raises:
        AddressError: not a domain name.
    """
    if len(text) > DOMAIN_MAX_OCTETS + 1:
        raise AddressError("the domain is empty or longer than 255 octets")
    domain = text.removesuffix(".")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise AddressError("the domain is not a valid internationalised name") from error
    domain = domain.lower()
    if not domain or len(domain) > DOMAIN_MAX_OCTETS:
        raise AddressError("the domain is empty or longer than 255 octets")
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise AddressError("the domain has a label that DNS does not allow")
    return domain


def _is_local_part(local: str) -> bool:
    if local.startswith('"'):
        return _QUOTED.fullmatch(local) is not None
    return _DOT_STRING.fullmatch(local) is not None


def _least_quoted(local: str) -> str:
    """Return the one spelling of a local part that quotes no more than it must (RFC 5321 section 4.1.2)."""
    if not _QUOTED.fullmatch(local):
        return local
    meant = _PAIR.sub(r"\1", local[1:-1])
    if _DOT_STRING.fullmatch(meant):
        return meant
    return '"' + _TO_ESCAPE.sub(r"\\\g<0>", meant) + '"'


def _literal(text: str) -> str:
    """Return an address literal in one spelling, in lower case (RFC 5321 section 4.1.3, RFC 5952)."""
    try:
        found = ipaddress.ip_address(text.removeprefix("ipv6:"))
    except ValueError as error:
        raise AddressError("the address literal is not an IP address") from error
    if "%" in text:  # a zone of some machine (RFC 4007): it may hold anything, and the grammar of mail has none
        raise AddressError("the address literal is not an IP address")
    return f"[ipv6:{found}]" if isinstance(found, ipaddress.IPv6Address) else f"[{found}]"


def fold_local(local: str) -> str:
    """Return a local part in the form to compare by: lower case, but nothing becomes ASCII that was not."""
    if local.isascii():
        return local.lower()
    return "".join(char if char.lower().isascii() and not char.isascii() else char.lower() for char in local)


class _Keyed:
    """Room for an address's key, which is no field: it follows from the others, and is asked for a dozen times."""

    __slots__ = ("_key",)
    _key: str


@dataclass(frozen=True, slots=True)
class Address(_Keyed):
    r"""One address: the local part in its own case, the domain as lowercase A-labels or an address literal.

    All spellings that quoting allows are one address, and stand as one here, whatever was written: they must be
    treated alike and sent with the least quoting (RFC 5321 section 4.1.2). Who writes ``"b\ob"`` for ``bob`` gets
    around no rule, and has no window and no budget of their own.
    """

    local: str
    domain: str

    def __post_init__(self) -> None:
        if self.local.startswith('"'):
            object.__setattr__(self, "local", _least_quoted(self.local))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``local@domain`` (RFC 5321 Mailbox, RFC 6531 when not ASCII).

        Raises:
            AddressError: it is not one address.
        """
        local, at, domain = text.rpartition("@")
        if not at or not local:
            raise AddressError("an address has a local part, an @ and a domain")
        if len(local.encode(errors="surrogatepass")) > LOCAL_MAX_OCTETS:
            raise AddressError("the local part is longer than 64 octets")
        if not _is_local_part(local) or _UNSENDABLE.search(local):
            raise AddressError("the local part has a character that must be quoted")
        if domain.startswith("[") and domain.endswith("]"):
            return cls(local, _literal(domain[1:-1].lower()))
        address = cls(local, normalise_domain(domain))
        if len(str(address).encode()) > PATH_MAX_OCTETS:
            raise AddressError("the address is longer than 254 octets")
        return address

    @property
    def key(self) -> str:
        """The form to compare by: the local part in lower case too.

        deviation: RFC 5321 section 2.4 lets a host tell ``Bob`` from ``bob``; no host people use does. But no host
        takes the long s or the Kelvin sign for ASCII, as Unicode's case folding does: a stranger's address must never
        fold into somebody else's.
        """
        try:
            return self._key
        except AttributeError:
            object.__setattr__(self, "_key", f"{fold_local(self.local)}@{self.domain}")
            return self._key

    @property
    def untagged(self) -> "Address":
        """The mailbox it is delivered to where its host knows sub-addresses (RFC 5233): ``bob`` of ``bob+shop``."""
        name = self.local.partition("+")[0]
        return replace(self, local=name) if name and not self.local.startswith('"') else self

    def is_of(self, key: str) -> bool:
        """Tell whether the address of this key may be the same mailbox: a tag makes no other person."""
        local, _, domain = key.rpartition("@")
        return self.untagged.key == Address(local, domain).untagged.key

    @property
    def needs_smtputf8(self) -> bool:
        """True where only RFC 6531 can carry it."""
        return not self.local.isascii()

    @override
    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


ERASED = Address("erased", "erased.invalid")
"""Stands for an address that nobody can read any more; mail to it goes nowhere (RFC 6761 section 6.4)."""

UNREADABLE = Address("unreadable", "unreadable.invalid")
"""Likewise, of a row that is damaged and may be mended."""
