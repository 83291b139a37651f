"""What DNS says of the host that brought a message: SPF for both of its names, and iprev.

Mail comes in rows from the same hosts, so what was said of one is kept, with the very answers it stands on: it holds
again for as long as DNS gives those same answers, and is worked out anew when one of them has expired or changed.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from typing_extensions import override

from gatepost.arrive.paper import Arrived
from gatepost.dns.paper import Answer
from gatepost.verify import iprev, spf
from gatepost.verify.answers import Answers, Question
from gatepost.verify.paper import IprevVerdict, Result, SpfVerdict
from gatepost.verify.spf_macro import Context

RECEIVER = "unknown"
"""The SPF ``r`` macro: our own name is nobody's business (RFC 7208 section 7.3 allows it)."""
MAX_KEPT = 4_096

_Key = tuple[IPv4Address | IPv6Address, str, str, str]


@dataclass(frozen=True, slots=True)
class Host:
    """The three verdicts about one host."""

    spf: SpfVerdict
    helo: SpfVerdict
    iprev: IprevVerdict


NOBODY = Host(SpfVerdict(Result.NONE, "", "mailfrom"), SpfVerdict(Result.NONE, "", "helo"), IprevVerdict(Result.NONE))
"""A message that no host brought."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """``local``: the only local part it holds for; None where no record could ask for one."""

    host: Host
    answers: tuple[tuple[Question, Answer], ...]
    local: str | None


_kept: dict[_Key, _Kept] = {}


class _Trail(Answers):
    """Passes questions on, and notes what was answered."""

    def __init__(self, behind: Answers) -> None:
        self._behind = behind
        self.seen: dict[Question, Answer] = {}

    @override
    def find(self, question: Question) -> Answer | None:
        found = self._behind.find(question)
        if found is not None:
            self.seen[question] = found
        return found


def identity_of(arrived: Arrived) -> tuple[str, str, str]:
    """Return the identity SPF speaks of: its name, local part and domain.

    Under the null reverse-path that is ``postmaster`` at the HELO name (RFC 7208 section 2.4).
    """
    mail_from = arrived.envelope.mail_from
    if mail_from is not None:
        return "mailfrom", mail_from.local, mail_from.domain
    return "helo", "postmaster", arrived.peer.helo if arrived.peer is not None else ""


def check(known: Answers, arrived: Arrived) -> Host:
    """Return the verdicts, from memory where every answer they stand on is what DNS says now.

    Raises:
        UnansweredError: something must be asked for first.
    """
    if arrived.peer is None:
        return NOBODY
    identity, local, domain = identity_of(arrived)
    key = (arrived.peer.address, arrived.peer.helo, identity, domain)
    kept = _kept.get(key)
    if (
        kept is not None
        and (kept.local is None or kept.local == local)
        and all(known.find(question) is answer for question, answer in kept.answers)
    ):
        return kept.host
    trail = _Trail(known)
    host = judge(trail, arrived)
    if not host.spf.explanation and not host.helo.explanation:  # their words may tell the time (%{t})
        has_macros = any("%{" in record for answer in trail.seen.values() for record in answer.records)
        _kept[key] = _Kept(host, tuple(trail.seen.items()), local if has_macros else None)
        if len(_kept) > MAX_KEPT:
            del _kept[next(iter(_kept))]
    return host


def judge(known: Answers, arrived: Arrived) -> Host:
    """Check MAIL FROM and HELO, each on its own (RFC 7208 sections 2.3 and 2.4), and the reverse name; no memory.

    Raises:
        UnansweredError: something must be asked for first.
    """
    if arrived.peer is None:
        return NOBODY
    identity, local, domain = identity_of(arrived)
    address, helo = arrived.peer.address, arrived.peer.helo
    greeted = Context(address, helo, "postmaster", helo, helo, RECEIVER, arrived.received_at)
    by_helo = by_sender = spf.check(known, greeted, identity="helo")
    if identity != "helo":
        sent = Context(address, domain, local, domain, helo, RECEIVER, arrived.received_at)
        by_sender = spf.check(known, sent, identity="mailfrom")
    return Host(by_sender, by_helo, iprev.check(known, address))
