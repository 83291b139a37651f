"""The public suffix list: who belongs to whom where no DMARC record says so (RFC 7489 section 3.2)."""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

_RESERVED = frozenset({"example", "test", "invalid", "localhost"})
"""RFC 2606 section 2."""


@cache
def _suffixes() -> PublicSuffixList:
    """Return the list, read once and not before somebody asks: most commands never do."""
    return PublicSuffixList()


@lru_cache(maxsize=8192)
def registrable(domain: str) -> str | None:
    """Return the registered domain a normalised name lies in; None where the name is a public suffix itself."""
    found: str | None = _suffixes().privatesuffix(domain)
    return found


@lru_cache(maxsize=8192)
def is_name(text: str) -> bool:
    """Tell whether a normalised name ends as names in DNS or in documents on it do, and not as ``notes.txt``."""
    is_delegated = _suffixes().publicsuffix(text, accept_unknown=False) is not None
    return is_delegated or text.rpartition(".")[2] in _RESERVED


def organizational_domain(domain: str) -> str:
    """Return the registered domain, or the name itself where it has none: for domains without a DMARC record."""
    return registrable(domain) or domain
