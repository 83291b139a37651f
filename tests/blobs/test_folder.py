import asyncio
import os
from pathlib import Path

import pytest

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.folder import Folder

BODY = b"From: a@b.example\r\n\r\nhello\r\n"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "a/../b", "a//b", ".hidden", "a/\x00"])
async def test_no_path_leaves_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        await Folder(tmp_path).write(path, b"")


async def test_a_folder_that_takes_nothing_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "bodies").write_text("a file where a folder should be")
    blobs = Blobs(Folder(tmp_path))
    with pytest.raises(BlobsUnavailableError):
        await blobs.write("bodies/aa", BODY)
    assert await blobs.read("bodies/aa") is None
    with pytest.raises(BlobsUnavailableError):
        await blobs.remove("bodies/aa")


async def test_a_write_that_fails_leaves_no_draft_behind(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    with pytest.raises(BlobsUnavailableError):
        await Folder(tmp_path).write("name", b"x")
    assert await asyncio.to_thread(os.listdir, tmp_path) == ["name"]


async def test_an_object_cut_short_by_another_program_is_written_again(tmp_path: Path) -> None:
    place = tmp_path / "bodies" / "aa"
    place.parent.mkdir(parents=True)
    place.write_bytes(BODY[:5])
    blobs = Blobs(Folder(tmp_path))
    await blobs.write("bodies/aa", BODY)
    assert await blobs.read("bodies/aa") == BODY
