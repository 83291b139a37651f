"""The roll of erasures: which persons' keys were destroyed, kept outside the database so that no restore forgets it.

It lies twice: beside the key store, a line of JSON for each, and on the log's second store, an object for each. What
either knows counts. It names nobody: an id of the request, a keyed token, ids of keys.
"""

import fcntl
import os
from collections.abc import AsyncIterator, Collection, Iterator
from datetime import datetime
from pathlib import Path

import orjson
import structlog

from gatepost.blobs import Blobs
from gatepost.durable import sync_folder
from gatepost.ids import TenantId
from gatepost.upkeep.retention.paper import Erasure

log = structlog.get_logger()

FILE = "erasures.jsonl"
PREFIX = "erasures"


class RollError(Exception):
    """The roll cannot be read or written; the text says what to do. Nothing is erased without it."""


class Roll:
    """Every person's erasure that was ever asked for."""

    def __init__(self, folder: Path, second: Blobs) -> None:
        self._path = folder / FILE
        self._second = second

    async def add(self, erasure: Erasure) -> None:
        """Write one down; durable in both places once this returns.

        Raises:
            RollError: the file cannot be written.
            BlobsUnavailableError: the second store does not take it.
        """
        line = _spelled(erasure)
        await self._second.write(_copy_path(erasure), line)
        self._write(line)

    def _write(self, line: bytes) -> None:
        try:
            self._append(line)
        except OSError as error:
            raise RollError(f"the roll of erasures {self._path} cannot be written: {error.strerror}") from error

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "ab") as file:  # which goes on where a disk takes only the first half of a line
            fcntl.flock(file, fcntl.LOCK_EX)
            there = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
            os.ftruncate(descriptor, there.rfind(b"\n") + 1)  # a line that a crash has cut off
            file.write(line)
            file.flush()
            os.fsync(file)
        sync_folder(self._path.parent)

    async def complete(self, now: datetime) -> list[Erasure]:
        """Return all, oldest first, once each place has been given what only the other had: one of them was restored.

        Raises:
            RollError: the file cannot be read or written, or a line of it is not ours.
            BlobsUnavailableError: the second store does not answer.
        """
        here, there = await self.both(now)
        if here.keys() != there.keys():  # a place was put back, or somebody took lines from it
            log.warning(
                "erasures.roll_completed",
                file=str(self._path),
                beside_keys=len(there.keys() - here.keys()),
                second_store=len(here.keys() - there.keys()),
            )
        for request in there.keys() - here.keys():
            self._write(_spelled(there[request]))
        for request in here.keys() - there.keys():
            await self._second.write(_copy_path(here[request]), _spelled(here[request]))
        return sorted((here | there).values(), key=lambda each: (each.at, each.request))

    def requests(self) -> set[str]:
        """Return the ids of the requests in the file beside the keys.

        Raises:
            RollError: it cannot be read, or a line of it is not ours.
        """
        found = dict[str, Erasure]()
        for line in self._lines():
            _take(found, line)
        return set(found)

    async def amiss(self, tenant: TenantId, done: Collection[str], now: datetime) -> AsyncIterator[str]:
        """Yield a sentence for each of a tenant's erasures that a place has lost, or knows otherwise than the other.

        Args:
            tenant: whose.
            done: the requests that the log says were carried out. Of another one a place may still wait to hear.
            now: the time; what was written after its year is not looked for.

        Raises:
            RollError: the file cannot be read.
            BlobsUnavailableError: the second store does not answer.
        """
        here, there = dict[str, Erasure](), dict[str, Erasure]()
        for number, line in enumerate(self._lines(), 1):
            try:
                _take(here, line)
            except RollError:
                yield f"roll of erasures: line {number} of {FILE} beside the keys is none of ours"
        async for path, octets in self._copies(f"{PREFIX}/{tenant}", now):
            try:
                _take(there, octets, path)
            except RollError:
                yield f"roll of erasures: {path} on the second store is none of ours"
        for text in _differences(here, there, tenant, done):
            yield text

    async def both(self, now: datetime) -> tuple[dict[str, Erasure], dict[str, Erasure]]:
        """Return what each place knows, by request: the file beside the keys, and the second store.

        Raises:
            RollError: the file cannot be read, or a line of it is not ours.
            BlobsUnavailableError: the second store does not answer.
        """
        here, there = dict[str, Erasure](), dict[str, Erasure]()
        for line in self._lines():
            _take(here, line)
        async for _, octets in self._copies(PREFIX, now):
            _take(there, octets)
        return here, there

    def _lines(self) -> list[bytes]:
        try:
            octets = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RollError(f"the roll of erasures {self._path} cannot be read: {error.strerror}") from error
        whole, _, _ = octets.rpartition(b"\n")  # a line cut off was never confirmed; its copy is on the second store
        return whole.splitlines()

    async def _copies(self, prefix: str, now: datetime) -> AsyncIterator[tuple[str, bytes]]:
        later = now.replace(year=now.year + 1, month=1, day=1)
        paths = [path async for page in self._second.names(prefix, later) for path in page]
        for path in paths:
            if (octets := await self._second.read(path)) is not None:
                yield path, octets


def _copy_path(erasure: Erasure) -> str:
    return f"{PREFIX}/{erasure.tenant}/{erasure.request}"


def _take(found: dict[str, Erasure], line: bytes, path: str | None = None) -> None:
    """Read a line into ``found``; raises ``RollError`` where it is none of ours, or not the one of ``path``."""
    erasure = _read(line)
    if path not in {None, _copy_path(erasure)}:
        raise RollError(f"{path} speaks of another erasure")
    found[erasure.request] = erasure


def _differences(
    here: dict[str, Erasure], there: dict[str, Erasure], tenant: TenantId, done: Collection[str]
) -> Iterator[str]:
    ours = {request: erasure for request, erasure in here.items() if erasure.tenant == tenant}
    for request in sorted(done):
        if request not in ours:
            yield f"erasure {request}: the log has it, and the roll beside the keys ({FILE}) does not"
        if request not in there:
            yield f"erasure {request}: the log has it, and the roll on the second store does not"
    for request in sorted(ours.keys() & there.keys()):
        if ours[request] != there[request]:
            yield f"erasure {request}: the roll beside the keys and the one on the second store disagree"


def _spelled(erasure: Erasure) -> bytes:
    fields = {
        "tenant": erasure.tenant,
        "request": erasure.request,
        "at": erasure.at.isoformat(),
        "actor": erasure.actor,
        "name": erasure.name,
        "sender": erasure.sender,
        "correspondent": erasure.correspondent,
        "keys": [str(key) for key in erasure.keys],  # beyond what other readers of JSON hold exactly
    }
    return orjson.dumps(fields) + b"\n"


def _read(line: bytes) -> Erasure:
    try:
        fields = orjson.loads(line)
        return Erasure(
            tenant=TenantId(fields["tenant"]),
            request=str(fields["request"]),
            at=datetime.fromisoformat(fields["at"]),
            actor=str(fields["actor"]),
            name=str(fields["name"]),
            sender=str(fields["sender"]),
            correspondent=str(fields.get("correspondent", "")),  # a roll outlives releases
            keys=tuple(int(key) for key in fields["keys"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RollError("the roll of erasures has a line that is none of ours: restore it from your backup") from error
