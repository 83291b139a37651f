"""Where a message goes next: the configured relay, or the recipient's MX (RFC 5321 section 5.1)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.silence import Silences
from gatepost.dns import RdType, Resolver, Status
from gatepost.egress import NextHop

SMTP_PORT = 25

HOSTS_MAX = 5
"""How many hosts one attempt tries."""

ADDRESSES_MAX = 3
"""And how many addresses of each (RFC 5321 section 5.1 asks for at least two): the next host has its turn, too."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One host to try; without addresses, egress finds them. ``is_configured``: it is the operator's relay."""

    host: str
    addresses: tuple[str, ...]
    port: int = SMTP_PORT
    is_configured: bool = False


async def find_hops(domain: str, dns: Resolver, next_hop: NextHop | None, *, seed: str) -> tuple[Hop, ...] | Attempt:
    """Return the hosts to try, best first, or how the attempt ended already.

    Args:
        domain: the recipient's, A-labels or an address literal.
        dns: answers the questions.
        next_hop: the relay that takes everything, where the operator named one.
        seed: spreads the load among hosts of equal preference; different for each attempt.
    """
    if next_hop is not None:
        return (Hop(next_hop.host, (), next_hop.port, is_configured=True),)
    if domain.startswith("["):
        address = domain[1:-1].removeprefix("ipv6:")
        return (Hop(domain, (address,)),)
    answer = await dns.query(domain, RdType.MX)
    if answer.status is Status.TEMPERROR:
        return Attempt(AttemptResult.DEFERRED, 0, "4.4.3", "route.dns_failed")
    if answer.status is Status.NXDOMAIN:
        return Attempt(AttemptResult.FAILED, 0, "5.1.2", "route.no_domain")
    hosts = _in_order(answer.records, seed) if answer.status is Status.OK else [domain]  # the implicit MX
    if not hosts:
        return Attempt(AttemptResult.FAILED, 0, "5.1.10", "route.null_mx")  # RFC 7505
    return await _with_addresses(hosts[:HOSTS_MAX], dns)


def _in_order(records: tuple[str, ...], seed: str) -> list[str]:
    """Return host names by preference, equals in an order that ``seed`` draws; none for a null MX (RFC 7505)."""
    found: list[tuple[int, bytes, str]] = []
    for record in records:
        preference, _, host = record.partition(" ")
        name = host.strip().rstrip(".")
        if preference.isascii() and preference.isdigit() and name:
            found.append((int(preference), hashlib.sha256(f"{seed} {name}".encode()).digest(), name))
    return [name for _, _, name in sorted(found)]


async def _with_addresses(hosts: list[str], dns: Resolver) -> tuple[Hop, ...] | Attempt:
    hops: list[Hop] = []
    is_unsettled = False
    for host in hosts:
        answers = (await dns.query(host, RdType.AAAA), await dns.query(host, RdType.A))
        is_unsettled |= any(answer.status is Status.TEMPERROR for answer in answers)
        # In turn: many addresses of one family leave room for the other, which may be the only one with a way.
        pairs = zip_longest(*(answer.records for answer in answers))
        if addresses := tuple(each for pair in pairs for each in pair if each is not None):
            hops.append(Hop(host, addresses))
    if hops:
        return tuple(hops)
    if is_unsettled:
        return Attempt(AttemptResult.DEFERRED, 0, "4.4.3", "route.dns_failed")
    return Attempt(AttemptResult.FAILED, 0, "5.4.4", "route.no_address")


def ways_of(hops: Sequence[Hop], silences: Silences) -> list[tuple[Hop, str | None]]:
    """Return the addresses to try, best host first, those that were silent of late last; None: egress finds them."""

    def is_silent(address: str | None) -> bool:
        return address is not None and silences.is_silent(address)

    ways = [(hop, each) for hop in hops for each in sorted(hop.addresses or (None,), key=is_silent)[:ADDRESSES_MAX]]
    return sorted(ways, key=lambda way: is_silent(way[1]))
