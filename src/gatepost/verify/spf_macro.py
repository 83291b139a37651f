"""SPF macros (RFC 7208 section 7): parsed once, expanded per check."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import quote

_TOKEN = re.compile(
    r"%\{(?P<letter>[A-Za-z])(?P<digits>[0-9]*)(?P<reverse>[rR]?)(?P<delimiters>[.\-+,/_=]*)\}"
    r"|(?P<escape>%[%_\-])|(?P<literal>[\x21-\x24\x26-\x7e]+)|(?P<space>\x20+)",
)
_ESCAPES = {"%%": "%", "%_": " ", "%-": "%20"}
_TOP_LABEL = re.compile(r"[A-Za-z0-9]+|[A-Za-z0-9]+-[A-Za-z0-9\-]*[A-Za-z0-9]", re.ASCII)
_MAX_DIGITS = 3  # 128 is the most labels there are
_MAX_DOMAIN = 253

DOMAIN_LETTERS = frozenset("slodiphv")
EVERY_LETTER = DOMAIN_LETTERS | frozenset("crt")


class MacroError(ValueError):
    """The text breaks the macro grammar (RFC 7208 section 7.1)."""


@dataclass(frozen=True, slots=True)
class Macro:
    """One ``%{...}``: ``keep`` right-hand parts, 0 for all."""

    letter: str
    keep: int
    is_reversed: bool
    delimiters: str
    is_escaped: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A macro string: literals and macros in order."""

    parts: tuple[str | Macro, ...]

    def needs(self, letter: str) -> bool:
        """Tell whether expanding it asks for that macro letter."""
        return any(isinstance(part, Macro) and part.letter == letter for part in self.parts)


class Context(NamedTuple):
    """What macros may speak of. ``domain`` changes with include and redirect, the rest does not."""

    address: IPv4Address | IPv6Address
    domain: str
    local: str
    sender_domain: str
    helo: str
    receiver: str
    now: datetime


def parse(text: str, *, letters: frozenset[str], may_have_space: bool = False) -> Template:
    """Read a macro string.

    Raises:
        MacroError: a stray ``%``, an unknown or forbidden letter, a zero count, a character outside the grammar.
    """
    parts: list[str | Macro] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or (found["space"] and not may_have_space):
            raise MacroError("a character or a percent sign the macro grammar does not know")
        if found["letter"]:
            parts.append(_read_macro(found, letters))
        else:
            parts.append(_ESCAPES.get(found[0], found[0]) if found["escape"] else found[0])
        at = found.end()
    return Template(tuple(parts))


def _read_macro(found: re.Match[str], letters: frozenset[str]) -> Macro:
    letter = found["letter"].lower()
    if letter not in letters:
        raise MacroError("a macro letter that may not stand here")
    digits = found["digits"]
    if len(digits) > _MAX_DIGITS or (digits and int(digits) == 0):
        raise MacroError("a macro keeps at least one part, and fewer than 1000")
    return Macro(
        letter, int(digits or 0), bool(found["reverse"]), found["delimiters"] or ".", found["letter"].isupper()
    )


def parse_domain(text: str) -> Template:
    """Read a domain-spec: a macro string that ends in a macro or in a dot and a top label.

    Raises:
        MacroError: as ``parse``, or the end is no domain end.
    """
    template = parse(text, letters=DOMAIN_LETTERS)
    last = template.parts[-1] if template.parts else ""
    if isinstance(last, str) and not text.endswith(("%%", "%_", "%-")):
        _, dot, label = last.removesuffix(".").rpartition(".")
        if not dot or _TOP_LABEL.fullmatch(label) is None or label.isdigit():
            raise MacroError("a domain ends in a macro or in a dot and a top label")
    return template


def expand(template: Template, context: Context, validated: str = "unknown") -> str:
    """Return the text the template stands for; ``validated`` is the ``p`` macro's value."""
    return "".join(
        part if isinstance(part, str) else _expand_macro(part, context, validated) for part in template.parts
    )


def expand_domain(template: Template, context: Context, validated: str = "unknown") -> str:
    """Return a domain name, cut from the left to 253 octets (RFC 7208 section 7.3)."""
    name = expand(template, context, validated).removesuffix(".")
    if len(name) > _MAX_DOMAIN:
        _, _, name = name[-_MAX_DOMAIN - 1 :].partition(".")
    return name


def _expand_macro(macro: Macro, context: Context, validated: str) -> str:
    parts: Sequence[str] = _split(_value(macro.letter, context, validated), macro.delimiters)
    if macro.is_reversed:
        parts = parts[::-1]
    if macro.keep:
        parts = parts[-macro.keep :]
    text = ".".join(parts)
    return quote(text, safe="") if macro.is_escaped else text


def _split(value: str, delimiters: str) -> list[str]:
    for delimiter in delimiters[1:]:
        value = value.replace(delimiter, delimiters[0])
    return value.split(delimiters[0])


def _value(letter: str, context: Context, validated: str) -> str:
    """Return what a letter stands for (RFC 7208 section 7.2)."""
    address = context.address
    match letter:
        case "s":
            return f"{context.local}@{context.sender_domain}"
        case "v":
            return "in-addr" if isinstance(address, IPv4Address) else "ip6"
        case "i":
            return str(address) if isinstance(address, IPv4Address) else ".".join(address.packed.hex())
        case "t":
            return str(int(context.now.timestamp()))
        case _:
            return {
                "l": context.local,
                "o": context.sender_domain,
                "d": context.domain,
                "h": context.helo,
                "p": validated,
                "c": str(address),
                "r": context.receiver,
            }[letter]
