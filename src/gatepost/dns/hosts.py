"""From a host name to its addresses: the machine's own list first, then DNS. Its files come in as text.

What libc adds to this (search domains, other name services) is left out: it would ask over sockets of its own, and a
name would mean another machine in another place.
"""

from collections.abc import Mapping, Sequence

from gatepost.dns.paper import RdType, Resolver
from gatepost.egress import is_address

DNS_PORT = 53
SERVERS_MAX = 3  # as libc


def hosts_in(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``/etc/hosts``: from each name, in lower case, to its addresses."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if is_address(address):
            for name in names:
                found[name.lower()] = (*found.get(name.lower(), ()), address)
    return found


def servers_in(text: str) -> tuple[str, ...]:
    """Read the name servers of ``/etc/resolv.conf``, as ``host:port``; this machine's own where it names none."""
    words = [line.split() for line in text.splitlines()]
    found = [word[1] for word in words if len(word) > 1 and word[0] == "nameserver" and is_address(word[1])]
    spelled = [f"[{each}]:{DNS_PORT}" if ":" in each else f"{each}:{DNS_PORT}" for each in found[:SERVERS_MAX]]
    return tuple(spelled) or (f"127.0.0.1:{DNS_PORT}",)


async def addresses_of(host: str, dns: Resolver, hosts: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return a host's addresses, IPv6 first (RFC 6724 prefers it where both work); none where it has none."""
    name = host.lower().removesuffix(".")
    if name in hosts:
        return hosts[name]
    answers = [await dns.query(name, rdtype) for rdtype in (RdType.AAAA, RdType.A)]
    return [record for answer in answers for record in answer.records]
