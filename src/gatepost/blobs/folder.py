"""Blobs in a folder of the local filesystem, durable before anybody is told so."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from gatepost.blobs.errors import BlobsUnavailableError

DRAFT = ".draft-"
"""How a file is called until it is whole."""

KNOWN_MAX = 10_000
"""Folders remembered as durable; one that is forgotten costs a flush."""


class Folder:
    """One folder. Written by hand and not through obstore, whose local store never fsyncs.

    An object is written beside its place, fsynced, renamed, and its folder fsynced. So a file under its final name
    is always whole, also after a power cut.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._known: set[Path] = set()

    def _flush(self, descriptor: int) -> None:
        """Wait until a file or a folder is on the disk itself."""
        os.fsync(descriptor)

    def _flush_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._flush(descriptor)
        finally:
            os.close(descriptor)

    def _place(self, path: str) -> Path:
        """Return where ``path`` lies; raises ``ValueError`` for one that would leave the folder."""
        steps = path.split("/")
        if not all(steps) or any(step.startswith(".") or "\x00" in step for step in steps):
            raise ValueError("an object's path has no empty, hidden or parent steps")
        return self._root.joinpath(*steps)

    def make(self) -> None:
        """Make the folder itself, durable, for a process that may make none beside it."""
        self._make_folder(self._root)

    def _make_folder(self, folder: Path) -> None:
        """Make ``folder`` and its parents, each entry durable in the one above it.

        One that is there is flushed once, too: whoever made it, here or in another process, may not have come to that.
        """
        is_ours = folder.is_relative_to(self._root) and folder != self._root
        if folder.is_dir() and (folder in self._known or not is_ours):
            return
        self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._flush_folder(folder.parent)
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known.add(folder)

    def _write(self, place: Path, octets: bytes) -> None:
        folder = place.parent
        self._make_folder(folder)
        descriptor, draft = tempfile.mkstemp(prefix=DRAFT, dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(octets)
                file.flush()
                self._flush(file.fileno())
            Path(draft).replace(place)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        self._flush_folder(folder)

    async def write(self, path: str, octets: bytes) -> None:
        """Store one object (``Store.write``)."""
        place = self._place(path)
        try:
            await asyncio.to_thread(self._write, place, octets)
        except OSError as error:
            raise BlobsUnavailableError(type(error).__name__) from error

    async def read(self, path: str) -> bytes | None:
        """Return one object, or None (``Store.read``)."""
        try:
            return await asyncio.to_thread(self._place(path).read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise BlobsUnavailableError(type(error).__name__) from error

    async def remove(self, *paths: str) -> None:
        """Forget objects (``Store.remove``)."""
        places = [self._place(path) for path in paths]
        try:
            await asyncio.to_thread(_unlink, places)
        except OSError as error:
            raise BlobsUnavailableError(type(error).__name__) from error

    async def names(self, prefix: str, before: datetime) -> AsyncIterator[Sequence[str]]:
        """Name objects, one folder's at a time (``Store.names``)."""
        for folder in await asyncio.to_thread(self._folders, prefix):
            found = await asyncio.to_thread(self._files, folder, before)
            yield [str(path.relative_to(self._root)) for path in found if not path.name.startswith(DRAFT)]

    async def tidy(self, prefix: str, before: datetime) -> int:
        """Remove drafts that nobody will finish (``Store.tidy``)."""
        count = 0
        for folder in await asyncio.to_thread(self._folders, prefix):
            for path in await asyncio.to_thread(self._files, folder, before):
                if path.name.startswith(DRAFT):
                    await asyncio.to_thread(path.unlink, missing_ok=True)
                    count += 1
        return count

    def _folders(self, prefix: str) -> list[Path]:
        return [Path(folder) for folder, _, _ in os.walk(self._place(prefix))]

    def _files(self, folder: Path, before: datetime) -> list[Path]:
        """Return a folder's files last written before then; none where it is gone meanwhile."""
        try:
            with os.scandir(folder) as entries:
                return [Path(entry.path) for entry in entries if _is_older(entry, before)]
        except OSError:
            return []


def _unlink(places: Iterable[Path]) -> None:
    for place in places:
        place.unlink(missing_ok=True)


def _is_older(entry: os.DirEntry[str], before: datetime) -> bool:
    return entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before.timestamp()
