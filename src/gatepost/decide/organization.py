"""Which organisation a domain belongs to, without asking DNS."""

from functools import lru_cache

from gatepost.mail import suffix
from gatepost.mail.address import Address


@lru_cache(maxsize=4096)
def organizational_domain(domain: str) -> str:
    """Return the registrable domain above ``domain``, or ``domain`` itself where there is none.

    deviation: RFC 9989 section 4.10 walks the DNS tree. A decision asks nobody, so this reads the public suffix list,
    as RFC 7489 section 3.2 did. Where the walk matters, ``verify`` has made it and the evidence says what it found.

    Args:
        domain: A-labels, or an address literal, which is an organisation of its own.
    """
    domain = domain.lower().removesuffix(".")
    if domain.startswith("["):
        return domain
    return suffix.organizational_domain(domain)


def is_same_organization(one: str, other: str) -> bool:
    """Tell whether two domains share their organisational domain (relaxed alignment, RFC 9989 section 3.2.10)."""
    return organizational_domain(one) == organizational_domain(other)


def may_be_answered(author: Address, reply_to: tuple[Address, ...]) -> frozenset[str]:
    """Return the keys of all addresses an answer may go to: the author, and what it asked for inside its organisation.

    A Reply-To elsewhere is a way to make our agent write to a stranger, so it is not in the set.
    """
    near = (address.key for address in reply_to if is_same_organization(address.domain, author.domain))
    return frozenset((author.key, *near))
