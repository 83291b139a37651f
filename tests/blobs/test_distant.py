"""Objects by way of a door, as a confined process has them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from gatepost.app.doorway import OBJECT_MAX_OCTETS, serve_object
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.bucket import Bucket
from gatepost.blobs.distant import DistantStore
from gatepost.egress.distant import Distant
from ways import NOW


class Broken(Bucket):
    @override
    async def read(self, path: str) -> bytes | None:
        raise BlobsUnavailableError(path)


@asynccontextmanager
async def store(folder: Path, bucket: Bucket) -> AsyncIterator[Blobs]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_object(Blobs(bucket), await reader.readline(), reader, writer)
        writer.close()

    async with await asyncio.start_unix_server(answer, folder / "door"):
        yield Blobs(DistantStore(Distant(str(folder / "door"), lambda: NOW)))


@pytest.mark.parametrize("octets", [b"", b"words\n" * 100_000])
async def test_an_object_is_written_read_and_removed(tmp_path: Path, octets: bytes) -> None:
    bucket = Bucket.in_memory()
    async with store(tmp_path, bucket) as blobs:
        assert await blobs.read("a/b") is None
        await blobs.write("a/b", octets)
        assert await bucket.read("a/b") == octets
        assert await blobs.read("a/b") == octets
        await blobs.remove("a/b")
        assert await bucket.read("a/b") is None


async def test_a_store_that_fails_is_said_to(tmp_path: Path) -> None:
    async with store(tmp_path, Broken.in_memory()) as blobs:
        with pytest.raises(BlobsUnavailableError):
            await blobs.read("a/b")
    with pytest.raises(BlobsUnavailableError):
        await blobs.read("a/b")  # nor is there a door any more


async def test_chores_over_many_objects_are_the_houses(tmp_path: Path) -> None:
    async with store(tmp_path, Bucket.in_memory()) as blobs:
        with pytest.raises(BlobsUnavailableError):
            await blobs.tidy("a", NOW)
        with pytest.raises(BlobsUnavailableError):
            blobs.names("a", NOW)


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[" * 4_000,
        b'{"verb": "names", "path": "a", "size": 0}',
        b'{"verb": "write", "path": "a", "size": -1}',
        b'{"verb": "write", "path": "a", "size": %d}' % (OBJECT_MAX_OCTETS + 1),
    ],
)
async def test_what_is_no_request_is_refused(line: bytes) -> None:
    reader = asyncio.StreamReader()
    with pytest.raises(ValueError, match=r"."):
        await serve_object(Blobs(Bucket.in_memory()), line, reader, None)  # type: ignore[arg-type]  # nothing is said
