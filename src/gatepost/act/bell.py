"""How whoever tells hears that there is something to tell: in this process at once, in others by PostgreSQL's hint."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

HINT_S = 0.01
"""PostgreSQL commits transactions that notify one after the other."""

T = TypeVar("T")


class Bell(Generic[T]):
    """Hints at most once in ten milliseconds; whoever was woken looks again for a while, and so serves the others."""

    def __init__(self) -> None:
        self._rung_at = float("-inf")
        self._hear: Callable[[T], None] | None = None
        self.herald = ""
        """Who tells in this process; empty where nobody does."""

    def may_ring(self) -> bool:
        """Return whether to hint now, and remember that it was done."""
        now = asyncio.get_running_loop().time()
        if now - self._rung_at < HINT_S:
            return False
        self._rung_at = now
        return True

    @contextmanager
    def heard_by(self, herald: str, hear: Callable[[T], None]) -> Iterator[None]:
        """Let ``herald`` hear what this process announces, while the context lasts."""
        self.herald, self._hear = herald, hear
        try:
            yield
        finally:
            self.herald, self._hear = "", None

    def ring(self, announced: T) -> None:
        """Say what was announced and is committed by now. Whoever hears it is called later: its faults are its own."""
        if self._hear is not None:
            asyncio.get_running_loop().call_soon(self._hear, announced)
