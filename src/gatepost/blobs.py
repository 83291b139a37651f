"""Object storage addressed by SHA-256, and the few named objects that are not (log tiles, checkpoints)."""

import hashlib
from typing import Self

from gatepost.ids import BlobId


class BlobsUnavailableError(Exception):
    """The store did not take or give the object; nothing is half-done. Try again."""


class BlobMissingError(LookupError):
    """There is no such object."""


def address_of(octets: bytes) -> BlobId:
    """Return the name of ``octets``: their SHA-256 in lowercase hex."""
    return BlobId(hashlib.sha256(octets).hexdigest())


class Blobs:
    """One store, on the local filesystem (``file:///...``) or S3 (``s3://bucket/prefix``)."""

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the store; raises ``ValueError`` for a URL of no known kind."""
        raise NotImplementedError

    async def put(self, blob: BlobId, octets: bytes) -> None:
        """Store ``octets``; durable on disk once this returns. Storing them again does nothing."""
        raise NotImplementedError

    async def get(self, blob: BlobId) -> bytes:
        """Return the octets; raises ``BlobMissingError``."""
        raise NotImplementedError

    async def write(self, path: str, octets: bytes) -> None:
        """Store a named object, replacing an older one in one step; durable once this returns."""
        raise NotImplementedError

    async def read(self, path: str) -> bytes | None:
        """Return a named object, or None."""
        raise NotImplementedError
