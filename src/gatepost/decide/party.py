"""Addresses and domains in a policy: who a rule, a group or a list is about. Pure.

A star before a domain, ``*.b.c``, stands for the domains below it, in lists of parties. In an address it stands for
nothing, so a rule with ``*@b.c`` would be about nobody, and is refused. deviation: RFC 5322 section 3.2.3 lets an
author be called ``*``; a policy cannot name that one.
"""

import re
from collections.abc import Callable, Iterable
from itertools import count

from gatepost.decide.shape import Faults, Parser
from gatepost.mail.address import Address, AddressError, normalise_domain

BELOW = "*."
"""Stands before a domain for all the domains below it."""

Instead = Callable[[str], str]
"""How to write, in the place where an address stands, that everybody at a domain, or at ``*.`` of one, is meant."""


_FRESH = "x-nobody-else"
_FRESH_FOUND = re.compile(_FRESH + "(?:-([1-9][0-9]{0,8}))?")


def fresh_among(names: Iterable[str]) -> str:
    """Return a label that stands in none of these names: whoever is called so is nobody whom they name."""
    taken = {int(number or 0) for name in names for number in _FRESH_FOUND.findall(name)}
    number = next(each for each in count() if each not in taken)
    return f"{_FRESH}-{number}" if number else _FRESH


def one_of(name: str, fresh: str) -> Address:
    """Return one who goes by a name of a policy, and by no other that it does not imply; ``fresh`` as above."""
    if "@" in name:
        return Address.parse(name)
    return Address(fresh, f"{fresh}.{name.removeprefix(BELOW)}" if name.startswith(BELOW) else name)


_SEVERAL = "; several are a group: name them in groups, and write match: {group: NAME}"


def _match(domain: str) -> str:
    bare = domain.removeprefix(BELOW)
    return f'"domain": "{bare}"' + (', "subdomains": true' if bare != domain else "")


def _read_address(value: object, path: str, faults: Faults, instead: Instead | None = None) -> str:
    if not isinstance(value, str):
        faults.tell(path, "must be an address" + _SEVERAL * isinstance(value, list))
        return ""
    local, _, domain = value.rpartition("@")
    if instead is not None and (not local or "*" in value):
        _tell_star(local, domain, path, faults, instead)
        return ""
    try:
        return Address.parse(value).key
    except (AddressError, UnicodeError) as error:
        said = "must be an address" + (_SEVERAL if "," in value else f": {error}")
        _tell_wrapped(said, _in_brackets(value), Address.parse, path, faults)
    return ""


def _in_brackets(value: str) -> str:
    """Return what may be an address within ``Name <address>``, ``mailto:`` and white space."""
    inner = value.rpartition("<")[2].partition(">")[0]
    return inner.strip().removeprefix("mailto:")


def _in_url(value: str) -> str:
    """Return what may be a domain within a URL, behind an at sign, and in white space."""
    return value.strip().rpartition("://")[2].partition("/")[0].removeprefix("@")


def _tell_wrapped(said: str, inner: str, read: Callable[[str], object], path: str, faults: Faults) -> None:
    """Tell a fault, and what stands there but for its wrapping, if that can be read."""
    try:
        near = str(read(inner))
    except (AddressError, UnicodeError):
        near = ""
    faults.tell(path, said + (f"; the nearest is {near}" if near else ""), near or None)


def _tell_star(local: str, domain: str, path: str, faults: Faults, instead: Instead) -> None:
    """Tell that there are no patterns of addresses; who means all of a domain hears how that is written."""
    below = BELOW if domain.startswith(BELOW) else ""
    try:
        whole = below + normalise_domain(domain.removeprefix(below))
    except (AddressError, UnicodeError):
        whole = ""
    if "." in whole and local.strip('"*') == "":
        near = instead(whole)
        faults.tell(path, f"must be an address: for everybody at a domain write {near}", near)
    else:
        star = (
            ": a star stands for nobody else here, so name each address, or its domain" if "*" in local + domain else ""
        )
        faults.tell(path, f"must be an address{star}")


def _read_domain(value: object, path: str, faults: Faults) -> str:
    if not isinstance(value, str):
        faults.tell(path, "must be a domain name" + _SEVERAL * isinstance(value, list))
        return ""
    try:
        return normalise_domain(value)
    except (AddressError, UnicodeError) as error:
        _tell_wrapped(f"must be a domain name: {error}", _in_url(value), normalise_domain, path, faults)
    return ""


def _read_matched(value: object, path: str, faults: Faults) -> str:
    """Read the domain of a match, where other fields say what people write with a star or an at sign."""
    near = ""
    if isinstance(value, str):
        try:
            if value.startswith(BELOW):
                near = _match(BELOW + normalise_domain(value.removeprefix(BELOW)))
            elif value.startswith("@"):
                near = _match(normalise_domain(value.removeprefix("@")))
            elif "@" in value and "*" not in value:
                near = f'"address": "{Address.parse(value)}"'
        except (AddressError, UnicodeError):
            pass
    if not near:
        return _read_domain(value, path, faults)
    faults.tell(path, f"must be a domain name; this is written {near}", near)
    return ""


def _read_domain_pattern(value: object, path: str, faults: Faults) -> str:
    prefix = BELOW if isinstance(value, str) and value.startswith(BELOW) else ""
    found = _read_domain(value[len(prefix) :] if isinstance(value, str) else value, path, faults)
    return prefix + found


def _read_party(value: object, path: str, faults: Faults) -> str:
    if isinstance(value, str) and "@" in value:
        return _read_address(value, path, faults, str)
    return _read_domain_pattern(value, path, faults)


author = Parser(_read_address, {"type": "string"})
"""Accepts an address as a mail may have it; returns the form to compare by. So do the next two."""

matched_address = Parser(
    lambda value, path, faults: _read_address(value, path, faults, _match), {"type": "string", "pattern": "^[^*]+$"}
)
"""Accepts the address of a match."""

listed_address = Parser(
    lambda value, path, faults: _read_address(value, path, faults, lambda domain: f'"domains": ["{domain}"]'),
    {"type": "string", "pattern": "^[^*]+$"},
)
"""Accepts an address that stands beside a list of domains."""

domain = Parser(_read_domain, {"type": "string"})
"""Accepts a domain name; returns lowercase A-labels."""

matched_domain = Parser(_read_matched, {"type": "string"})
"""Accepts the domain of a match; returns lowercase A-labels."""

domain_pattern = Parser(
    _read_domain_pattern, {"type": "string", "description": "a domain, or *.domain for those below it"}
)
"""Accept a domain, or ``*.`` before one; return lowercase A-labels."""

party = Parser(_read_party, {"type": "string", "description": "an address, a domain, or *.domain for those below it"})
"""Accepts an address, a domain, or ``*.domain`` for those below it."""
