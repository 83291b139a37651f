"""A bucket for a process that may not reach one: each request is made by another, at the same door as all else."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from gatepost.blobs.errors import BlobsUnavailableError
from gatepost.egress import UnreachableError
from gatepost.egress.distant import Distant
from gatepost.egress.knock import FAILED, GONE

OBJECT_MAX_OCTETS = 268_435_456
ANSWER_S = 60.0


class DistantStore:
    """Objects by way of the door. Chores over many objects are the house's own, and refused here."""

    def __init__(self, egress: Distant) -> None:
        self._egress = egress

    async def write(self, path: str, octets: bytes) -> None:
        """Store one object (``Store.write``)."""
        await self._ask("write", path, octets)

    async def read(self, path: str) -> bytes | None:
        """Return one object, or None (``Store.read``)."""
        return await self._ask("read", path)

    async def remove(self, *paths: str) -> None:
        """Forget objects (``Store.remove``)."""
        for path in paths:
            await self._ask("remove", path)

    def names(self, prefix: str, before: datetime) -> AsyncIterator[Sequence[str]]:
        """Refuse: who tidies is no process of agents."""
        raise BlobsUnavailableError(f"{prefix}: the house lists what lies there before {before}")

    async def tidy(self, prefix: str, before: datetime) -> int:
        """Refuse likewise."""
        raise BlobsUnavailableError(f"{prefix}: the house tidies what lies there before {before}")

    async def _ask(self, verb: str, path: str, octets: bytes = b"") -> bytes | None:
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await self._egress.knock(timeout_s=ANSWER_S)
                try:
                    writer.write(json.dumps({"verb": verb, "path": path, "size": len(octets)}).encode() + b"\n")
                    writer.write(octets)
                    await writer.drain()
                    size = int.from_bytes(await reader.readexactly(8), "big", signed=True)
                    if size == FAILED:
                        raise BlobsUnavailableError("the store")
                    return None if size == GONE else await reader.readexactly(size)
                finally:
                    writer.close()
        except (OSError, TimeoutError, UnreachableError, asyncio.IncompleteReadError) as error:
            raise BlobsUnavailableError(type(error).__name__) from error
