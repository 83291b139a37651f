"""Blobs in an S3 bucket, through obstore: a put that returned is durable by the protocol's promise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import MemoryStore, S3Store

from gatepost.blobs.endpoint import Endpoint
from gatepost.blobs.errors import BlobsUnavailableError
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, UnreachableError

if TYPE_CHECKING:  # obstore has these names in its stubs only
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

# A client in an SMTP session waits for this: better a 451 in seconds than an answer in minutes. (The default retries
# ten times, also what will never work, such as a 501.)
_RETRIES: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=15),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
# obstore follows redirects and takes a proxy from the environment, and offers no switch for either. So it is given a
# proxy of ours where nobody can answer, for every host but the endpoint's.
_NOWHERE = "http://127.0.0.1:0"

_ERRAND = Errand(Purpose.BLOBS)

# Requests at once. Threads, because obstore's own awaitables leave threads of its runtime holding Python objects: a
# process that ends soon after one (every command) is aborted by them half of the time (pyo3-async-runtimes, issue 40).
_REQUESTS_MAX = 32

T = TypeVar("T")
Vouch = Callable[[], Awaitable[object]]


class Bucket:
    """One bucket, or a prefix of one."""

    def __init__(self, store: "ObjectStore", vouch: Vouch | None = None) -> None:
        self._store = store
        self._vouch = vouch
        self._threads = ThreadPoolExecutor(_REQUESTS_MAX, thread_name_prefix="bucket")

    @classmethod
    def s3(cls, url: str, endpoint: Endpoint, egress: Egress) -> Self:
        """Open ``s3://bucket/prefix``; nothing is asked of the network yet.

        obstore resolves the name and opens the sockets by itself. Before each request ``egress`` is asked whether it
        may; the endpoint's certificate is checked, so another machine under its name gains nothing.
        """
        client: ClientConfig = {
            "timeout": timedelta(seconds=30),
            "connect_timeout": timedelta(seconds=5),
            "allow_http": endpoint.in_clear,
            "allow_invalid_certificates": False,
            "proxy_url": _NOWHERE,
            "proxy_excludes": endpoint.host,
        }
        store = S3Store.from_url(
            url, config=cast("S3Config", endpoint.config()), retry_config=_RETRIES, client_options=client
        )

        async def vouch() -> object:
            return await egress.vouch(_ERRAND, endpoint.host, endpoint.port, in_clear=endpoint.in_clear)

        return cls(store, vouch)

    @classmethod
    def in_memory(cls) -> Self:
        """Open a bucket of this process's own that nobody keeps: the same calls without a wire, for tests."""
        return cls(MemoryStore())

    async def write(self, path: str, octets: bytes) -> None:
        """Store one object (``Store.write``)."""
        await self._ask(lambda: obstore.put(self._store, path, octets))

    async def read(self, path: str) -> bytes | None:
        """Return one object, or None (``Store.read``)."""
        return await self._ask(lambda: bytes(obstore.get(self._store, path).bytes()))

    async def remove(self, *paths: str) -> None:
        """Forget objects (``Store.remove``); S3 says nothing of a missing one, memory raises."""
        for path in paths:
            await self._ask(partial(obstore.delete, self._store, path))

    async def names(self, prefix: str, before: datetime) -> AsyncIterator[Sequence[str]]:
        """Name objects, a page at a time (``Store.names``)."""
        pages = iter(obstore.list(self._store, f"{prefix}/"))
        while (page := await self._ask(lambda: next(pages, None))) is not None:
            yield [str(found["path"]) for found in page if found["last_modified"] < before]

    async def tidy(self, prefix: str, before: datetime) -> int:
        """Do nothing: a put is whole, or is not there (``Store.tidy``)."""
        del prefix, before
        return 0

    async def _ask(self, request: Callable[[], T]) -> T | None:
        """Return the answer; None where there is no such object."""
        try:
            if self._vouch is not None:
                await self._vouch()
            return await asyncio.get_running_loop().run_in_executor(self._threads, request)
        except FileNotFoundError:
            return None
        except (BaseError, OSError, EgressRefusedError, UnreachableError) as error:
            raise BlobsUnavailableError(type(error).__name__) from error
