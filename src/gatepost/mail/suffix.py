"""The public suffix list: who belongs to whom where no DMARC record says so (RFC 7489 section 3.2)."""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    """Return the list, read once and not before somebody asks: most commands never do."""
    return PublicSuffixList()


@lru_cache(maxsize=8192)
def registrable(domain: str) -> str | None:
    """Return the registered domain a normalised name lies in; None where the name is a public suffix itself."""
    found: str | None = _suffixes().privatesuffix(domain)
    return found


def organizational_domain(domain: str) -> str:
    """Return the registered domain, or the name itself where it has none: for domains without a DMARC record."""
    return registrable(domain) or domain
