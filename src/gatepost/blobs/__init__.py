"""Named objects, durable: log tiles, checkpoints, bodies too large for a row."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

from gatepost.blobs.endpoint import Endpoint, read_endpoint
from gatepost.blobs.errors import BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.egress import Egress
from gatepost.ids import BlobId

__all__ = [
    "MARK",
    "Blobs",
    "BlobsUnavailableError",
    "Endpoint",
    "Store",
    "address_of",
    "folder_of",
    "is_bucket",
    "read_endpoint",
]


MARK = "house"
"""The object that says whose the store is: the id of the house's key store, which its database knows, too."""


class Store(Protocol):
    """Where the octets lie. Every method raises ``BlobsUnavailableError`` when the store does not answer."""

    async def write(self, path: str, octets: bytes) -> None:
        """Store one object, replacing an older one in one step; durable once this returns."""

    async def read(self, path: str) -> bytes | None:
        """Return one object, or None."""

    async def remove(self, *paths: str) -> None:
        """Forget objects; nothing happens where there is none."""

    def names(self, prefix: str, before: datetime) -> AsyncIterator[Sequence[str]]:
        """Name the objects below ``prefix`` that were last written before then, some at a time, in no order."""

    async def tidy(self, prefix: str, before: datetime) -> int:
        """Remove what writers that were killed before then left below ``prefix``; return how many pieces."""


def address_of(octets: bytes) -> BlobId:
    """Return what identifies ``octets``: their SHA-256 in lowercase hex."""
    return BlobId(hashlib.sha256(octets).hexdigest())


def folder_of(url: str) -> Path | None:
    """Return the folder that a store's URL names; None where it names none."""
    parts = urlsplit(url)
    is_folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    return Path(unquote(parts.path)) if is_folder else None


def is_bucket(url: str) -> bool:
    """Tell whether a store's URL names a bucket, which is reached over the network."""
    parts = urlsplit(url)
    return parts.scheme == "s3" and bool(parts.netloc)


class Blobs:
    """One store, on the local filesystem (``file:///...``) or S3 (``s3://bucket/prefix``)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str, *, endpoint: Endpoint | None = None, egress: Egress | None = None) -> Self:
        """Open the store; raises ``ValueError`` for a URL of no known kind.

        Args:
            url: ``file:///absolute/path`` or ``s3://bucket/prefix``.
            endpoint: where the bucket is; for ``s3`` alone.
            egress: the way to it; for ``s3`` alone.
        """
        if (folder := folder_of(url)) is not None:
            return cls(Folder(folder))
        if is_bucket(url) and endpoint is not None and egress is not None:
            from gatepost.blobs.bucket import Bucket  # noqa: PLC0415  # it costs 5 MB, and most houses have folders

            return cls(Bucket.s3(url, endpoint, egress))
        raise ValueError("a blob store is file:///absolute/path or s3://bucket/prefix")

    async def write(self, path: str, octets: bytes) -> None:
        """Store a named object, replacing an older one in one step; durable once this returns."""
        await self._store.write(path, octets)

    async def read(self, path: str) -> bytes | None:
        """Return a named object, or None."""
        return await self._store.read(path)

    async def remove(self, *paths: str) -> None:
        """Forget named objects; nothing happens where there is none."""
        await self._store.remove(*paths)

    def names(self, prefix: str, before: datetime) -> AsyncIterator[Sequence[str]]:
        """Name the objects below ``prefix`` that were last written before then, some at a time, in no order."""
        return self._store.names(prefix, before)

    async def tidy(self, prefix: str, before: datetime) -> int:
        """Remove what writers that were killed before then left below ``prefix``; return how many pieces."""
        return await self._store.tidy(prefix, before)

    async def prove(self) -> None:
        """See that the store answers, is the house's, and takes objects again where it took the last one not.

        Raises:
            BlobsUnavailableError: it does not.
        """
        await self._store.read(MARK)
