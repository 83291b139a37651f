"""Blobs in an S3 bucket, through obstore: a put that returned is durable by the protocol's promise."""

from datetime import timedelta
from typing import TYPE_CHECKING, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import MemoryStore, S3Store

from gatepost.blobs.errors import BlobsUnavailableError

if TYPE_CHECKING:  # obstore has these names in its stubs only
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

# A client in an SMTP session waits for this: better a 451 in seconds than an answer in minutes. (The default retries
# ten times, also what will never work, such as a 501.)
_RETRIES: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=15),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
_CLIENT: "ClientConfig" = {"timeout": timedelta(seconds=30), "connect_timeout": timedelta(seconds=5)}


class Bucket:
    """One bucket, or a prefix of one."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    @classmethod
    def s3(cls, url: str) -> Self:
        """Open ``s3://bucket/prefix``; nothing is asked of the network yet."""
        return cls(S3Store.from_url(url, retry_config=_RETRIES, client_options=_CLIENT))

    @classmethod
    def in_memory(cls) -> Self:
        """Open a bucket of this process's own that nobody keeps: the same calls without a wire, for tests."""
        return cls(MemoryStore())

    async def write(self, path: str, octets: bytes) -> None:
        """Store one object (``Store.write``): S3 replaces in one step."""
        try:
            await obstore.put_async(self._store, path, octets)
        except (BaseError, OSError) as error:
            raise BlobsUnavailableError(type(error).__name__) from error

    async def read(self, path: str) -> bytes | None:
        """Return one object, or None (``Store.read``)."""
        try:
            result = await obstore.get_async(self._store, path)
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise BlobsUnavailableError(type(error).__name__) from error

    async def remove(self, path: str) -> None:
        """Forget one object (``Store.remove``); S3 says nothing of a missing one, memory raises."""
        try:
            await obstore.delete_async(self._store, path)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise BlobsUnavailableError(type(error).__name__) from error
