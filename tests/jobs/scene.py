"""What the outbox's tests share: a clock in the hand, quick paces, two tenants."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

from gatepost.ids import TenantId
from gatepost.jobs import Handler, Pace

A, B = TenantId("tn_a"), TenantId("tn_b")
QUICK = Pace(concurrency=4, lease_s=30, poll_s=0.02, hint_s=0.01, grace_s=0.05)

Settled = Callable[[], Awaitable[None]]
"""Wait until no job of tenant A is out."""
Working = Callable[[Mapping[str, Handler]], AbstractAsyncContextManager[None]]
"""Run a worker for the length of a block."""


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self._now

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
