"""SPF records (RFC 7208 sections 4.6, 5 and 6): text in, terms out, all syntax checked before any is evaluated."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from gatepost.verify.paper import Result
from gatepost.verify.spf_macro import EVERY_LETTER, MacroError, Template, parse_domain
from gatepost.verify.spf_macro import parse as parse_macros

QUALIFIERS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL, "": Result.PASS}

_TERM = re.compile(r"(?P<qualifier>[+\-~?]?)(?P<name>[A-Za-z][A-Za-z0-9._\-]*)(?P<rest>[:/=].*)?", re.ASCII)
_CIDR = re.compile(r"(?P<spec>.*?)(?:/(?P<four>[0-9]+))?(?://(?P<six>[0-9]+))?", re.ASCII)
_IP = re.compile(r"(?P<address>[0-9A-Fa-f:.]+)(?:/(?P<bits>[0-9]+))?", re.ASCII)
_BITS = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
MAX_CHARS = 8_192
SHORT_CHARS = 512
"""What is read of records no longer is remembered; a term takes two characters there, and two hundred octets here."""
_IP4_BITS = 32
_IP6_BITS = 128
_ADDRESS_MECHANISMS = frozenset({"a", "mx"})
_NAMED_MECHANISMS = frozenset({"include", "exists"})


class SpfSyntaxError(ValueError):
    """The record breaks the grammar: permerror (RFC 7208 section 4.6)."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism.

    Attributes:
        target: the domain-spec; None stands for the current domain.
        network: for ip4 and ip6.
        bits: prefix lengths for A and for AAAA answers.
    """

    name: str
    qualifier: Result
    target: Template | None = None
    network: IPv4Network | IPv6Network | None = None
    bits: tuple[int, int] = (_IP4_BITS, _IP6_BITS)


@dataclass(frozen=True, slots=True)
class Record:
    """A parsed record: mechanisms in order, and the two modifiers that mean something."""

    mechanisms: tuple[Mechanism, ...]
    redirect: Template | None
    explanation: Template | None


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is an SPF record at all (RFC 7208 section 4.5)."""
    return text[:6].lower() == "v=spf1" and (len(text) == 6 or text[6] == " ")  # noqa: PLR2004  # the version's length


def parse(text: str) -> Record:
    """Read a record that ``is_spf``.

    deviation: RFC 7208 section 3.4 only advises to keep records within 512 octets. One of more than ``MAX_CHARS`` is a
    permerror: DNS carries 64 KB, thirty thousand terms that take 65 ms to read, and eleven such for one message.

    Raises:
        SpfSyntaxError: any term breaks the grammar, also one that would never be reached; or it is too long.
    """
    if len(text) > MAX_CHARS:
        raise SpfSyntaxError("the record is too long")
    return _read_often(text) if len(text) <= SHORT_CHARS else _read(text)


def _read(text: str) -> Record:
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, Template] = {}
    for term in text.split(" ")[1:]:
        if not term:
            continue
        found = _TERM.fullmatch(term)
        if found is None:
            raise SpfSyntaxError("a term is neither mechanism nor modifier")
        name, rest = found["name"].lower(), found["rest"] or ""
        try:
            if rest.startswith("="):
                _read_modifier(name, rest[1:], found["qualifier"], modifiers)
            else:
                mechanisms.append(_read_mechanism(name, rest, QUALIFIERS[found["qualifier"]]))
        except MacroError as error:
            raise SpfSyntaxError(str(error)) from error
    return Record(tuple(mechanisms), modifiers.get("redirect"), modifiers.get("exp"))


_read_often = lru_cache(maxsize=1024)(_read)


def _read_modifier(name: str, value: str, qualifier: str, modifiers: dict[str, Template]) -> None:
    if qualifier:
        raise SpfSyntaxError("a modifier has no qualifier")
    if name not in {"redirect", "exp"}:
        parse_macros(value, letters=EVERY_LETTER)  # unknown modifiers are ignored, their syntax is not (section 6)
        return
    if name in modifiers:
        raise SpfSyntaxError("redirect and exp may stand once")
    modifiers[name] = parse_domain(value)


def _read_mechanism(name: str, rest: str, qualifier: Result) -> Mechanism:
    if name == "all":
        if rest:
            raise SpfSyntaxError("all takes no argument")
        return Mechanism(name, qualifier)
    if name in {"ip4", "ip6"}:
        return Mechanism(name, qualifier, network=_read_network(rest, 4 if name == "ip4" else 6))
    if name in _NAMED_MECHANISMS:
        if not rest.startswith(":"):
            raise SpfSyntaxError("include and exists need a domain")
        return Mechanism(name, qualifier, parse_domain(rest[1:]))
    if name == "ptr":
        return Mechanism(name, qualifier, _read_target(rest))
    if name in _ADDRESS_MECHANISMS:
        found = _CIDR.fullmatch(rest)
        if found is None:
            raise SpfSyntaxError("a prefix length is not a number")
        bits = (_read_bits(found["four"], _IP4_BITS), _read_bits(found["six"], _IP6_BITS))
        return Mechanism(name, qualifier, _read_target(found["spec"]), bits=bits)
    raise SpfSyntaxError("an unknown mechanism")


def _read_target(rest: str) -> Template | None:
    if not rest:
        return None
    if not rest.startswith(":"):
        raise SpfSyntaxError("a mechanism's domain stands after a colon")
    return parse_domain(rest[1:])


def _read_bits(text: str | None, most: int) -> int:
    if text is None:
        return most
    if _BITS.fullmatch(text) is None or int(text) > most:
        raise SpfSyntaxError("a prefix length is out of range")
    return int(text)


def _read_network(rest: str, version: int) -> IPv4Network | IPv6Network:
    found = _IP.fullmatch(rest[1:]) if rest.startswith(":") else None
    if found is None:
        raise SpfSyntaxError("ip4 and ip6 need an address")
    bits = _read_bits(found["bits"], _IP4_BITS if version == 4 else _IP6_BITS)  # noqa: PLR2004  # IP versions
    try:
        if version == 4:  # noqa: PLR2004  # IP versions
            return ipaddress.IPv4Network((found["address"], bits), strict=False)
        return ipaddress.IPv6Network((found["address"], bits), strict=False)
    except ValueError as error:
        raise SpfSyntaxError("ip4 or ip6 without a valid address") from error
