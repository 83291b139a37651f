"""What DNS says of the host that brought a message: SPF for both of its names, and iprev."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from gatepost.arrive.paper import Arrived
from gatepost.mail.address import AddressError, normalise_domain
from gatepost.verify import iprev, spf
from gatepost.verify.answers import Answers
from gatepost.verify.kept import Kept, Trail
from gatepost.verify.paper import IprevVerdict, Result, SpfVerdict
from gatepost.verify.spf_macro import Context

RECEIVER = "unknown"
"""The SPF ``r`` macro: our own name is nobody's business (RFC 7208 section 7.3 allows it)."""

_Key = tuple[type[IPv4Address | IPv6Address], int, str, str, str]
"""The address in two parts, whose hashes are quicker than its own; then HELO name, identity, domain."""


@dataclass(frozen=True, slots=True)
class Host:
    """The three verdicts about one host."""

    spf: SpfVerdict
    helo: SpfVerdict
    iprev: IprevVerdict


NOBODY = Host(SpfVerdict(Result.NONE, "", "mailfrom"), SpfVerdict(Result.NONE, "", "helo"), IprevVerdict(Result.NONE))
"""A message that no host brought."""


_kept: Kept[_Key, tuple[Host, str | None]] = Kept()
"""With the only local part it holds for; None where no record could ask for one."""


def greeting_of(arrived: Arrived) -> str:
    """Return the name the host gave itself, as DNS is asked for it; empty where no host brought the message."""
    return _in_a_labels(arrived.peer.helo) if arrived.peer is not None else ""


@lru_cache(maxsize=4096)
def _in_a_labels(name: str) -> str:
    """Return a name with its U-labels as A-labels (RFC 7208 section 4.3); what has none stays, as literals do."""
    if name.isascii():
        return name
    try:
        return normalise_domain(name)
    except AddressError:
        return name  # no domain: SPF has no result for it


def identity_of(arrived: Arrived) -> tuple[str, str, str]:
    """Return the identity SPF speaks of: its name, local part and domain.

    Under the null reverse-path that is ``postmaster`` at the HELO name (RFC 7208 section 2.4).
    """
    mail_from = arrived.envelope.mail_from
    if mail_from is not None:
        return "mailfrom", mail_from.local, mail_from.domain
    return "helo", "postmaster", greeting_of(arrived)


def check(known: Answers, arrived: Arrived) -> Host:
    """Return the verdicts, from memory where every answer they stand on is what DNS says now.

    Raises:
        UnansweredError: something must be asked for first.
    """
    if arrived.peer is None:
        return NOBODY
    identity, local, domain = identity_of(arrived)
    key = (type(arrived.peer.address), int(arrived.peer.address), greeting_of(arrived), identity, domain)
    kept = _kept.recall(known, key)
    if kept is not None and (kept[1] is None or kept[1] == local):
        return kept[0]
    trail = Trail(known)
    host = judge(trail, arrived)
    if not host.spf.explanation and not host.helo.explanation:  # their words may tell the time (%{t})
        has_macros = any("%{" in record for answer in trail.seen.values() for record in answer.records)
        _kept.keep(key, (host, local if has_macros else None), trail)
    return host


def judge(known: Answers, arrived: Arrived) -> Host:
    """Check MAIL FROM and HELO, each on its own (RFC 7208 sections 2.3 and 2.4), and the reverse name; no memory.

    Raises:
        UnansweredError: something must be asked for first.
    """
    if arrived.peer is None:
        return NOBODY
    identity, local, domain = identity_of(arrived)
    address, helo = arrived.peer.address, greeting_of(arrived)
    greeted = Context(address, helo, "postmaster", helo, helo, RECEIVER, arrived.received_at)
    by_helo = by_sender = spf.check(known, greeted, identity="helo")
    if identity != "helo":
        sent = Context(address, domain, local, domain, helo, RECEIVER, arrived.received_at)
        by_sender = spf.check(known, sent, identity="mailfrom")
    return Host(by_sender, by_helo, iprev.check(known, address))
