"""How a host is spelled: as an address, as a name, or as what some readers take for an address. Pure."""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from gatepost.egress.addresses import closed_by
from gatepost.egress.paper import Network, Rule

_NAME = re.compile(r"(?=.{1,253}\Z)(?:\w(?:[\w-]{0,61}\w)?\.)*\w(?:[\w-]{0,61}\w)?", re.ASCII)
"""A name as DNS carries it; containers have underscores."""
_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)", re.ASCII | re.IGNORECASE)
"""An address in one of the spellings that differ between readers, such as 127.1 and 0x7f.1; no name ends so."""

_LOCAL = ("127.0.0.1", "::1")


def is_address(text: str) -> bool:
    """Tell whether a host is an IP address as RFC 791 and RFC 4291 spell it, and no name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_host(text: str) -> bool:
    """Tell whether it is an address, or a name that DNS allows and that nobody takes for an address."""
    name = text.removesuffix(".")
    return is_address(text) or bool(_NAME.fullmatch(name) and not _NUMBER.fullmatch(name))


def addresses_in(host: str) -> list[str]:
    """Return the addresses a host spells out; none where it is a name that others give addresses to.

    ``localhost`` needs nobody for that (RFC 6761 section 6.3).
    """
    literal = host.strip("[]")
    if is_address(literal):
        return [literal]
    return list(_LOCAL) if host.lower().removesuffix(".") == "localhost" else []


def closed_as_spelled(host: str, networks: Iterable[Network]) -> Rule | None:
    """Return the rule by which nobody may ever connect to what a host spells out; None also for a name.

    Args:
        host: as somebody wrote it down.
        networks: those opened although they are loopback, private or reserved.
    """
    opened = tuple(networks)
    rules = [closed_by(each, opened) for each in addresses_in(host)]
    return next(iter(rules), None) if None not in rules else None
