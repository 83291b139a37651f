import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from typing_extensions import override

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


async def test_drafts_of_killed_writers_are_no_objects_and_are_tidied_away(tmp_path: Path) -> None:
    blobs = Blobs(Folder(tmp_path))
    await blobs.write("bodies/tn_a/em_a", BODY)
    old, young = tmp_path / "bodies/tn_a/.draft-old", tmp_path / "bodies/tn_a/.draft-young"
    for draft in (old, young):
        draft.write_bytes(b"half")
    os.utime(old, (0, 0))
    now = datetime.now(UTC)  # noqa: TID251  # the file system's own clock
    assert {path async for page in blobs.names("bodies", now + timedelta(hours=1)) for path in page} == {
        "bodies/tn_a/em_a"
    }
    assert await blobs.tidy("bodies", now - timedelta(hours=1)) == 1
    assert (old.exists(), young.exists()) == (False, True)


async def test_a_folder_that_somebody_else_made_is_flushed_before_anything_in_it_counts(tmp_path: Path) -> None:
    """Its maker may have been killed before that, or not have come to it yet."""

    class Watched(Folder):
        flushed: ClassVar[list[Path]] = []

        @override
        def _flush_folder(self, folder: Path) -> None:
            self.flushed.append(folder.relative_to(tmp_path))
            super()._flush_folder(folder)

    (tmp_path / "bodies" / "tn_a").mkdir(parents=True)
    store = Watched(tmp_path)
    await store.write("bodies/tn_a/em_a", BODY)
    assert Watched.flushed == [Path(), Path("bodies"), Path("bodies/tn_a")]
    await store.write("bodies/tn_a/em_b", BODY)
    assert Watched.flushed[3:] == [Path("bodies/tn_a")], "once is enough"
