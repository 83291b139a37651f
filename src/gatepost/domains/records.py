"""The DNS records a domain's operator must publish, in zone-file spelling (RFC 1035 section 5)."""

from collections.abc import Iterable

from gatepost.domains.paper import DnsRecord

STRING_MAX_OCTETS = 255  # RFC 1035 section 3.3: one character-string


def records(domain: str, hostname: str, dkim: Iterable[tuple[str, str]]) -> tuple[DnsRecord, ...]:
    """Return MX, SPF, DKIM and DMARC for a domain whose mail this house receives and sends.

    SPF ends in ``~all``: the mail is also signed, and receivers that refuse on ``-all`` alone refuse forwarded mail
    that DKIM would have proven. DMARC asks for reports only (``p=none``): the domain may have other senders that sign
    nothing yet, and asking others to refuse their mail is the owner's step, after reading the reports. They go to the
    postmaster.

    Args:
        domain: lowercase A-labels.
        hostname: the house's own name, with an address record of its own.
        dkim: (selector, record text) of each signing key.
    """
    return (
        DnsRecord(f"{domain}.", "MX", f"10 {hostname}."),
        _txt(domain, f"v=spf1 a:{hostname} ~all"),
        *(_txt(f"{selector}._domainkey.{domain}", text) for selector, text in dkim),
        _txt(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"),
    )


def _txt(name: str, text: str) -> DnsRecord:
    """Spell a TXT record; a reader joins its strings without space (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2)."""
    pieces = (text[start : start + STRING_MAX_OCTETS] for start in range(0, len(text), STRING_MAX_OCTETS))
    return DnsRecord(f"{name}.", "TXT", " ".join(f'"{piece}"' for piece in pieces))
