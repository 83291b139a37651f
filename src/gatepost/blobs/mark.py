"""A store that says whose it is: nothing is written to an empty mount point, or into another house's bucket."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from typing_extensions import override

from gatepost.blobs import MARK, Blobs
from gatepost.blobs.errors import BlobsUnavailableError

FRESH_S = 5.0
"""A mark that was seen holds so long: a store is taken away while a machine starts, and seldom later."""

log = structlog.get_logger()


class StrangeStoreError(BlobsUnavailableError):
    """What answers is not the store this house knows: nothing is written to it."""

    reason = "blobs.strange"

    def __init__(self, owner: str, found: bytes | None) -> None:
        held = "it holds nothing of this house" if found is None else "it belongs to another house"
        super().__init__(
            f"the object store is not this house's: {held}. Mount it, or see blobs.url; where the old one is lost for"
            f" good, write `{owner}` into an object `{MARK}` of the new one"
        )


class MarkedBlobs(Blobs):
    """The store of one house. It is marked at the first write; one that is not the house's takes nothing.

    Reading needs no mark: what is not found is trouble, and no final fact, anyway.
    """

    def __init__(self, blobs: Blobs, owner: str, is_ours: Callable[[], Awaitable[bool]]) -> None:
        """Wrap a store.

        Args:
            blobs: the store.
            owner: what the mark says.
            is_ours: tells whether one without a mark is the house's, new or of a release that had none.
        """
        super().__init__(blobs)
        self._blobs = blobs
        self._owner = owner
        self._is_ours = is_ours
        self._seen_at = float("-inf")
        self._has_failed = False

    @override
    async def write(self, path: str, octets: bytes) -> None:
        try:
            await self._check()
            await super().write(path, octets)
        except BlobsUnavailableError:
            self._has_failed = True
            raise
        self._has_failed = False

    @override
    async def remove(self, *paths: str) -> None:
        await self._check()
        await super().remove(*paths)

    @override
    async def tidy(self, prefix: str, before: datetime) -> int:
        await self._check()
        return await super().tidy(prefix, before)

    @override
    async def prove(self) -> None:
        await self._check()
        if self._has_failed:
            await self.write(MARK, self._owner.encode())

    async def is_marked(self) -> bool:
        """Tell whether the house's store has its mark already; nothing is written.

        Raises:
            StrangeStoreError: it is not the house's.
            BlobsUnavailableError: it does not answer.
        """
        found = await self._blobs.read(MARK)
        if found is None and await self._is_ours():
            return False
        if found is None or found.strip() != self._owner.encode():  # an editor ends what a person wrote with a line
            raise StrangeStoreError(self._owner, found)
        return True

    async def _check(self) -> None:
        """See that it is ours, and mark it where it is not marked yet; raises ``StrangeStoreError``."""
        if time.monotonic() - self._seen_at <= FRESH_S:
            return
        try:
            is_marked = await self.is_marked()
        except StrangeStoreError as error:
            log.error("blobs.strange", error=str(error))
            raise
        if not is_marked:
            await self._blobs.write(MARK, self._owner.encode())
            log.info("blobs.marked")
        self._seen_at = time.monotonic()
