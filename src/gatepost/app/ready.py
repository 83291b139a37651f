"""Whether the house can do its work this moment: asked by load balancers and supervisors, answered in ids."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path

from gatepost.app.backlog import Backlog, backlog
from gatepost.arrive import descriptors
from gatepost.arrive.capacity import free_octets
from gatepost.blobs import BlobsUnavailableError
from gatepost.blobs.mark import StrangeStoreError
from gatepost.db import DatabaseUnavailableError
from gatepost.journey import House
from gatepost.keys import KeyringError

WITHIN_S = 3.0
FRESH_S = 1.0
"""An answer serves everybody who asks within this time: no caller can make us work more often."""
BLOBS_FRESH_S = 10.0
"""The same of the object store, which may be a bucket that counts what it is asked."""
LOG_LAG_MAX_S = 60.0
COMMIT_MAX_S = 10.0
"""A commit of mail takes milliseconds; one that takes so long waits for a disk, or for a standby that is away."""


class Wrong(StrEnum):
    """What may keep the house from working; the whole list, stable for ever."""

    STOPPING = "house.stopping"
    DATABASE = "database.away"
    KEYS = "keys.unusable"
    DISK = "disk.full"
    SMTP = "smtp.nobody"
    FILES = "files.used_up"
    SEQUENCER = "log.behind"
    COMMIT = "commit.stalled"
    BLOBS = "blobs.away"
    STRANGE = "blobs.strange"


class Readiness:
    """Looks, and remembers for a moment what it saw.

    Args:
        house: which.
        state: its folder.
        disk_free_min_octets: with less free it takes no mail.

    Attributes:
        takes_mail: whether a process listens for mail; until somebody knows better, one does.
        commit_s: for how long the oldest commit of mail has been under way, in any process.
        lacks_files: whether another process may open next to no further file; of this one we see it ourselves.
    """

    def __init__(self, house: House, state: Path, disk_free_min_octets: int = 0) -> None:
        self._house = house
        self._state = state
        self._disk_free_min_octets = disk_free_min_octets
        self._is_stopping = False
        self.takes_mail: Callable[[], bool] = lambda: True
        self.commit_s: Callable[[], float] = lambda: 0.0
        self.lacks_files: Callable[[], bool] = lambda: False
        self._seen: tuple[Wrong, ...] = ()
        self._seen_at = float("-inf")
        self._looking: asyncio.Task[tuple[Wrong, ...]] | None = None
        self._asking: asyncio.Task[Backlog] | None = None
        self._proving: asyncio.Task[None] | None = None
        self._blobs: list[Wrong] = []
        self._blobs_at = float("-inf")

    def stop(self) -> None:
        """Be unready from now on: the house is about to drain."""
        self._is_stopping = True

    async def __call__(self) -> tuple[str, ...]:
        """Return what is wrong; empty where the house can work."""
        if self._is_stopping:
            return (Wrong.STOPPING,)
        loop = asyncio.get_running_loop()
        if self._looking is None and loop.time() - self._seen_at > FRESH_S:
            self._looking = loop.create_task(self._look())
        if self._looking is not None:
            await asyncio.shield(self._looking)
        return self._seen

    async def _look(self) -> tuple[Wrong, ...]:
        checks: Mapping[Wrong, Callable[[], Awaitable[bool]]] = {
            Wrong.KEYS: self._has_keys,
            Wrong.DISK: self._has_room,
        }
        try:
            wrong = [word for word, check in checks.items() if not await check()]
            wrong += [] if self.takes_mail() else [Wrong.SMTP]
            wrong += [Wrong.COMMIT] if self.commit_s() > COMMIT_MAX_S else []
            wrong += [Wrong.FILES] if descriptors.are_used_up() or self.lacks_files() else []
            wrong += await self._prove_blobs()
            wrong[:0] = await self._ask_database()
            self._seen, self._seen_at = tuple(wrong), asyncio.get_running_loop().time()
        finally:  # or one failure would be every later answer
            self._looking = None
        return self._seen

    async def _ask_database(self) -> list[Wrong]:
        loop = asyncio.get_running_loop()
        if self._asking is None:  # a stopped server cannot be told to call it off: it is left, and waited for anew
            self._asking = loop.create_task(backlog(self._house.db, self._house.clock()))
        done, _ = await asyncio.wait({self._asking}, timeout=WITHIN_S)
        if not done:
            return [Wrong.DATABASE]
        asked, self._asking = self._asking, None
        try:
            now = asked.result()
        except DatabaseUnavailableError:
            return [Wrong.DATABASE]
        return [Wrong.SEQUENCER] if now.log_lag_s > LOG_LAG_MAX_S else []

    async def _prove_blobs(self) -> list[Wrong]:
        loop = asyncio.get_running_loop()
        if loop.time() - self._blobs_at <= BLOBS_FRESH_S:
            return self._blobs
        if self._proving is None:  # as the database: a share that hangs is left, and waited for anew
            self._proving = loop.create_task(self._house.blobs.prove())
        done, _ = await asyncio.wait({self._proving}, timeout=WITHIN_S)
        if not done:
            return [Wrong.BLOBS]
        proved, self._proving = self._proving, None
        try:
            proved.result()
        except StrangeStoreError:
            self._blobs = [Wrong.STRANGE]
        except BlobsUnavailableError:
            self._blobs = [Wrong.BLOBS]
        except DatabaseUnavailableError:  # asked whose an unmarked store is; it is named by itself
            return []
        else:
            self._blobs = []
        self._blobs_at = loop.time()
        return self._blobs

    async def _has_keys(self) -> bool:
        """Tell whether the keys on disk still are those we hold."""
        try:
            self._house.db.keys.check()
        except KeyringError:
            return False
        return True

    async def _has_room(self) -> bool:
        return free_octets([self._state]) >= max(self._disk_free_min_octets, 1)
