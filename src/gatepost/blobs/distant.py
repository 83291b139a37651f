"""A bucket for a process that may not reach one: each request is made by another, at the same door as all else."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from gatepost.blobs.errors import BlobsUnavailableError
from gatepost.egress import UnreachableError
from gatepost.egress.distant import Distant

OBJECT_MAX_OCTETS = 268_435_456
ANSWER_S = 60.0
_GONE, _FAILED = -1, -2
"""Said in place of an answer's size: there is no such object; the store did not answer."""


class _Objects(Protocol):
    async def write(self, path: str, octets: bytes) -> None: ...
    async def read(self, path: str) -> bytes | None: ...
    async def remove(self, path: str) -> None: ...


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

    async def remove(self, path: str) -> None:
        """Forget one object (``Store.remove``)."""
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
                    if size == _FAILED:
                        raise BlobsUnavailableError("the store")
                    return None if size == _GONE else await reader.readexactly(size)
                finally:
                    writer.close()
        except (OSError, TimeoutError, UnreachableError, asyncio.IncompleteReadError) as error:
            raise BlobsUnavailableError(type(error).__name__) from error


async def serve_object(blobs: _Objects, line: bytes, reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one such request.

    Args:
        blobs: where the objects lie.
        line: what was asked.
        reader: has the object's octets where one is to be written.
        writer: takes the answer: its size in eight octets, then itself.

    Raises:
        ValueError: that is no request.
    """
    asked = json.loads(line)
    match asked:
        case {"verb": "write" | "read" | "remove" as verb, "path": str(path), "size": int(size)}:
            octets = await reader.readexactly(_bounded(size))
        case _:
            raise ValueError("no request")
    verbs: dict[str, Callable[[], Awaitable[bytes | None]]] = {
        "write": lambda: blobs.write(path, octets),
        "read": lambda: blobs.read(path),
        "remove": lambda: blobs.remove(path),
    }
    try:
        found = await verbs[verb]()
    except BlobsUnavailableError:
        writer.write(_FAILED.to_bytes(8, "big", signed=True))
    else:
        size = _GONE if found is None else len(found)
        writer.write(size.to_bytes(8, "big", signed=True) + (found or b""))
    await writer.drain()


def _bounded(size: int) -> int:
    if not 0 <= size <= OBJECT_MAX_OCTETS:
        raise ValueError("too large an object")
    return size
