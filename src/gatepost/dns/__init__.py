"""The resolver: one adapter, one cache, a deadline on every question."""

from gatepost.dns.cache import CachingResolver
from gatepost.dns.paper import Answer, RdType, Resolver, Status

__all__ = ["Answer", "CachingResolver", "RdType", "Resolver", "Status"]
