"""How often one key may call: a token bucket per key, in this process's memory. Pure; time comes by argument."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

_BUCKETS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests per second in the long run, and how many may come at once."""

    per_second: float = 100
    burst: int = 500


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


class Limiter:
    """Counts requests per caller.

    The buckets of one process know nothing of another's: a house of several processes allows as many times the rate.
    The least recently used bucket is forgotten first, which only ever favours its caller.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str, now: datetime) -> int:
        """Take one token; return 0, or how many whole seconds to wait before there will be one."""
        bucket = self._buckets.setdefault(caller, _Bucket(self._rate.burst, now))
        self._buckets.move_to_end(caller)
        elapsed_s = max(0.0, (now - bucket.at).total_seconds())  # a clock set back refills nothing
        bucket.tokens = min(self._rate.burst, bucket.tokens + elapsed_s * self._rate.per_second)
        bucket.at = now
        if len(self._buckets) > _BUCKETS_MAX:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            return max(1, math.ceil((1 - bucket.tokens) / self._rate.per_second))
        bucket.tokens -= 1
        return 0
