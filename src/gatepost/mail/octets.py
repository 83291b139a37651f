"""A message's octets: in memory while it is small, on disk while it is large, until somebody looks at them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol


class OnDisk(Protocol):
    """Octets that are read when they are needed, and for as long only."""

    def __len__(self) -> int:
        """How many octets there are."""

    def opened(self) -> AbstractAsyncContextManager[bytes]:
        """Read them, after a wait for memory; whoever has them should do nothing that a stranger can make last.

        Raises:
            OSError: the disk does not give them back.
        """


Octets = bytes | OnDisk
"""What ``len`` counts and ``opened`` reads."""


@asynccontextmanager
async def opened(octets: Octets) -> AsyncIterator[bytes]:
    """Have the octets in memory for as long as the context lasts."""
    if isinstance(octets, bytes):
        yield octets
    else:
        async with octets.opened() as found:
            yield found
