"""Where messages lie while they come in and while they are judged: small ones in memory, large ones in files.

A file has no name: whatever ends this process also ends the file. It need not survive, for nobody was told ``250``.
What it leaves on the disk nobody can read: its key lies in memory alone.
"""

import asyncio
import errno
import hashlib
import io
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from gatepost.clock import Entropy
from gatepost.durable import FULL
from gatepost.ids import BlobId
from gatepost.mail.octets import Octets

MEMORY_OCTETS = 1_048_576
"""Above this a message goes to disk."""
CROWDED_OCTETS = 64 * MEMORY_OCTETS
"""All messages in memory together, with which even smaller ones go to disk."""
SMALL_OCTETS = 65_536
"""Below this a message never goes to disk: its file would cost more than it frees."""
_KEY_OCTETS, _COUNTER_OCTETS = 32, 16
READERS_MAX = 1
"""Large messages in memory at once. Reading, hashing and storing one takes several times its size for a moment."""


class SpoolError(Exception):
    """The disk did not take a message; ``is_full`` where there was no room for it. Nothing of it is left."""

    def __init__(self, error: OSError) -> None:
        super().__init__(type(error).__name__)
        self.is_full = error.errno in FULL


class Spools:
    """What all messages of one server share.

    Args:
        folder: where the files lie; it is made at the first one.
        entropy: makes a key for each file.

    Attributes:
        memory_octets: how much lies in memory.
        disk_octets: how much lies on disk.
    """

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        self._folder = folder
        self._entropy = entropy
        self.memory_octets = 0
        self.disk_octets = 0
        self.readers = asyncio.Semaphore(READERS_MAX)  # first come, first served

    @property
    def is_crowded(self) -> bool:
        """So much lies in memory that only small messages should stay there."""
        return self.memory_octets > CROWDED_OCTETS

    def file(self) -> "Hidden":
        """Make a file without a name that nobody else can open, nor read on the disk.

        Raises:
            OSError: the disk does not want it.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Hidden(tempfile.TemporaryFile(dir=self._folder, buffering=0), self._entropy(_KEY_OCTETS))


class Hidden:
    """An open file of octets under a key that nothing else is under, so the first counter may be zero."""

    __slots__ = ("_cipher", "_file", "_writing")

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file = file
        self._cipher = Cipher(AES256(key), CTR(bytes(_COUNTER_OCTETS)))
        self._writing = self._cipher.encryptor()

    @property
    def is_closed(self) -> bool:
        """Whether it is gone."""
        return self._file.closed

    def write(self, octets: bytes | bytearray) -> None:
        """Add octets; raises ``OSError``, and then it is of no more use."""
        left = memoryview(self._writing.update(octets))
        while left:
            left = left[os.write(self._file.fileno(), left) :]

    def read(self) -> bytes:
        """Return all of it. Not mapped into memory: where the disk fails, that would kill the process, not one message.

        Raises:
            OSError: the disk does not give it back.
        """
        reading, whole = self._cipher.decryptor(), io.BytesIO()
        while octets := os.pread(self._file.fileno(), MEMORY_OCTETS, whole.tell()):
            whole.write(reading.update(octets))
        return whole.getvalue()

    def close(self) -> None:
        """Give up the file, and what is in it."""
        self._file.close()


class Spool:
    """One message's content. Hashed on the way in, so that nobody reads it for that."""

    def __init__(self, spools: Spools) -> None:
        self._spools = spools
        self._kept = bytearray()  # one block: of small pieces each would take many times its size
        self._size_octets = 0
        self._file: Hidden | None = None
        self._failure: OSError | None = None
        self._sha256 = hashlib.sha256()

    def add(self, octets: bytes) -> None:
        """Keep the next octets; that the disk did not take them is told when the message is taken."""
        if self._failure is not None:
            return
        self._sha256.update(octets)
        self._kept += octets
        self._size_octets += len(octets)
        self._spools.memory_octets += len(octets)
        moves_soon = self._file is not None or self._spools.is_crowded
        if len(self._kept) > (SMALL_OCTETS if moves_soon else MEMORY_OCTETS):
            self._move_out()

    def discard(self) -> None:
        """Forget what was kept."""
        if self._file is not None:
            self._leave_disk(self._file)
        self._leave_memory()
        self._size_octets = 0
        self._failure = None
        self._sha256 = hashlib.sha256()

    def take(self) -> tuple[Octets, BlobId]:
        """Hand the whole message out with its digest, and begin anew. One on disk is closed with ``close``.

        Raises:
            SpoolError: it could not be kept.
        """
        if self._file is not None:
            self._move_out()
        failure, blob = self._failure, BlobId(self._sha256.hexdigest())
        if failure is not None:
            self.discard()
            raise SpoolError(failure)
        raw: Octets = bytes(self._kept)
        if self._file is not None:
            raw, self._file = Spooled(self._spools, self._file, self._size_octets), None
        self.discard()
        return raw, blob

    def _move_out(self) -> None:
        """Write what is in memory to the file."""
        octets = self._leave_memory()
        try:
            if self._file is None:
                self._file = self._spools.file()
            self._spools.disk_octets += len(octets)
            self._file.write(octets)
        except OSError as error:
            self._failure = error
            if self._file is not None:
                self._leave_disk(self._file)

    def _leave_memory(self) -> bytearray:
        kept, self._kept = self._kept, bytearray()
        self._spools.memory_octets -= len(kept)
        return kept

    def _leave_disk(self, file: Hidden) -> None:
        file.close()
        self._file = None
        self._spools.disk_octets -= self._size_octets - len(self._kept)


class Spooled:
    """A whole message in a file (``mail.octets.OnDisk``)."""

    def __init__(self, spools: Spools, file: Hidden, size_octets: int) -> None:
        self._spools = spools
        self._file = file
        self._size_octets = size_octets

    def __len__(self) -> int:
        return self._size_octets

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[bytes]:
        """Read it, once it is its turn."""
        async with self._spools.readers:
            yield await asyncio.to_thread(self._read)

    def close(self) -> None:
        """Let go of the file, and so of the message."""
        if not self._file.is_closed:
            self._file.close()
            self._spools.disk_octets -= self._size_octets

    def _read(self) -> bytes:
        octets = self._file.read()
        if len(octets) != self._size_octets:
            raise OSError(errno.EIO, "a message on disk is shorter than it was")
        return octets
