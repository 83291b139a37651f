"""The resolver: one adapter, one cache, a deadline on every question."""

from gatepost.dns.cache import CachingResolver
from gatepost.dns.client import Client
from gatepost.dns.hosts import addresses_of, hosts_in, servers_in
from gatepost.dns.paper import Answer, RdType, Resolver, Status

__all__ = [
    "Answer",
    "CachingResolver",
    "Client",
    "RdType",
    "Resolver",
    "Status",
    "addresses_of",
    "hosts_in",
    "servers_in",
]
