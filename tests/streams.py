"""What a Python before 3.11.4, such as Debian 12's, leaves open: a connection whose handler failed.

It is told of when it is collected, which is within some later test, and that one fails. Servers of tests have handlers
that fail: their client hangs up in the middle. Later Pythons close such a connection themselves, as ``mend`` does.
"""

import asyncio
import sys
from asyncio.transports import BaseTransport


def mend() -> None:
    """Have a failed handler's connection closed."""
    if sys.version_info >= (3, 11, 4):
        return
    made = asyncio.StreamReaderProtocol.connection_made

    def connection_made(self: asyncio.StreamReaderProtocol, transport: BaseTransport) -> None:
        made(self, transport)
        task: asyncio.Task[None] | None = getattr(self, "_task", None)
        if task is not None:
            task.add_done_callback(lambda done: _close(done, transport))

    asyncio.StreamReaderProtocol.connection_made = connection_made  # type: ignore[method-assign,assignment]


def _close(done: asyncio.Task[None], transport: BaseTransport) -> None:
    if not done.cancelled() and done.exception() is not None:
        transport.close()
