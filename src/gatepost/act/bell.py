"""When to say that there is something to tell: PostgreSQL commits transactions that notify one after the other."""

import asyncio

HINT_S = 0.01


class Bell:
    """Rings at most once in ten milliseconds; whoever was woken looks again for a while, and so serves the others."""

    def __init__(self) -> None:
        self._rung_at = float("-inf")

    def may_ring(self) -> bool:
        """Return whether to ring now, and remember that it was done."""
        now = asyncio.get_running_loop().time()
        if now - self._rung_at < HINT_S:
            return False
        self._rung_at = now
        return True
