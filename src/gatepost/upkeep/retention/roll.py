"""The roll of erasures: which persons' keys were destroyed, kept outside the database so that no restore forgets it.

It lies twice: beside the key store, a line of JSON for each, and on the log's second store, an object for each. What
either knows counts. It names nobody: an id of the request, a keyed token, ids of keys.
"""

import fcntl
import os
from datetime import datetime
from pathlib import Path

import orjson

from gatepost.blobs import Blobs
from gatepost.ids import TenantId
from gatepost.upkeep.retention.paper import Erasure

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
        await self._second.write(f"{PREFIX}/{erasure.tenant}/{erasure.request}", line)
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
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def every(self, now: datetime) -> list[Erasure]:
        """Return all of them, oldest first.

        Raises:
            RollError: the file cannot be read, or a line of it is not ours.
            BlobsUnavailableError: the second store does not answer.
        """
        found: dict[str, Erasure] = {}
        for line in [*self._lines(), *await self._copies(now)]:
            erasure = _read(line)
            found[erasure.request] = erasure
        return sorted(found.values(), key=lambda each: (each.at, each.request))

    def _lines(self) -> list[bytes]:
        try:
            octets = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RollError(f"the roll of erasures {self._path} cannot be read: {error.strerror}") from error
        whole, _, _ = octets.rpartition(b"\n")  # a line cut off was never confirmed; its copy is on the second store
        return whole.splitlines()

    async def _copies(self, now: datetime) -> list[bytes]:
        later = now.replace(year=now.year + 1, month=1, day=1)
        paths = [path async for page in self._second.names(PREFIX, later) for path in page]
        return [octets for path in paths if (octets := await self._second.read(path)) is not None]


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
