"""Who really sent it, and what the content scanners saw: evidence, never judgement."""

from gatepost.arrive.paper import Arrived
from gatepost.dns import Resolver
from gatepost.verify.paper import Verified

__all__ = ["check"]


async def check(arrived: Arrived, resolver: Resolver) -> Verified:
    """Gather the evidence. Raises for nothing a stranger wrote and nothing DNS did."""
    raise NotImplementedError
