"""Clients that send faster than we work take turns, one piece each, so that everybody else is served in between."""

import asyncio
from collections import deque
from collections.abc import Callable

MUCH_OCTETS = 65_536
"""A client whose piece is as large as this has more on its way."""


class Turns:
    """A queue; one of it is let go in each round of the event loop.

    Without it a round reads from each client for as long as there is something (libuv: 32 full buffers of 256 KB), and
    fifty of them would keep a small message waiting for seconds between two of its round trips to the database.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def wait(self, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` when it is this client's turn."""
        self._waiting.append(go_on)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        go_on = self._waiting.popleft()
        if self._waiting:  # before: whatever one client's turn raises, the others have theirs
            asyncio.get_running_loop().call_soon(self._next)
        go_on()
