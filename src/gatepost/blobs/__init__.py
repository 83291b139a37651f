"""Object storage addressed by SHA-256, and the few named objects that are not (log tiles, checkpoints)."""

import hashlib
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

from gatepost.blobs.bucket import Bucket
from gatepost.blobs.errors import BlobDamagedError, BlobMissingError, BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.ids import BlobId

__all__ = ["BlobDamagedError", "BlobMissingError", "Blobs", "BlobsUnavailableError", "Store", "address_of"]


class Store(Protocol):
    """Where the octets lie. Every method raises ``BlobsUnavailableError`` when the store does not answer."""

    async def write(self, path: str, octets: bytes, *, replace: bool) -> None:
        """Store one object, durable once this returns; with ``replace`` false an object of that size may stay."""

    async def read(self, path: str) -> bytes | None:
        """Return one object, or None."""

    async def remove(self, path: str) -> None:
        """Forget one object; nothing happens where there is none."""


def address_of(octets: bytes) -> BlobId:
    """Return the name of ``octets``: their SHA-256 in lowercase hex."""
    return BlobId(hashlib.sha256(octets).hexdigest())


def _body_path(blob: BlobId) -> str:
    # Two levels of 256 keep a folder small up to some hundred million bodies.
    return f"bodies/{blob[:2]}/{blob[2:4]}/{blob}"


class Blobs:
    """One store, on the local filesystem (``file:///...``) or S3 (``s3://bucket/prefix``)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the store; raises ``ValueError`` for a URL of no known kind.

        S3's endpoint, region and credentials come from the ``AWS_*`` variables, as its clients are used to.
        """
        parts = urlsplit(url)
        if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
            return cls(Folder(Path(unquote(parts.path))))
        if parts.scheme == "s3" and parts.netloc:
            return cls(Bucket.s3(url))
        raise ValueError("a blob store is file:///absolute/path or s3://bucket/prefix")

    async def put(self, blob: BlobId, octets: bytes) -> None:
        """Store ``octets``; durable on disk once this returns. Storing them again does nothing."""
        await self._store.write(_body_path(blob), octets, replace=False)

    async def get(self, blob: BlobId) -> bytes:
        """Return the octets; raises ``BlobMissingError``.

        The hash is checked on each read: a body is evidence, and hashing costs less than reading it did. What does
        not fit its name raises ``BlobDamagedError`` and reaches nobody.
        """
        octets = await self._store.read(_body_path(blob))
        if octets is None:
            raise BlobMissingError(blob)
        if address_of(octets) != blob:
            raise BlobDamagedError(blob)
        return octets

    async def write(self, path: str, octets: bytes) -> None:
        """Store a named object, replacing an older one in one step; durable once this returns."""
        await self._store.write(path, octets, replace=True)

    async def read(self, path: str) -> bytes | None:
        """Return a named object, or None."""
        return await self._store.read(path)

    async def remove(self, path: str) -> None:
        """Forget a named object; nothing happens where there is none."""
        await self._store.remove(path)
