"""One suite for every store: a folder, and a bucket without its wire. (S3 over a real wire is not tested here.)"""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.blobs import BlobDamagedError, BlobMissingError, Blobs, BlobsUnavailableError, address_of
from gatepost.blobs.bucket import Bucket
from gatepost.blobs.folder import Folder
from gatepost.ids import BlobId

BODY = b"From: a@b.example\r\n\r\nhello\r\n"
MAKERS: dict[str, Callable[[Path], Blobs]] = {
    "folder": lambda path: Blobs(Folder(path)),
    "bucket": lambda _: Blobs(Bucket.in_memory()),
}


@pytest.fixture(params=sorted(MAKERS))
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return MAKERS[request.param](tmp_path)


async def test_a_body_comes_back_under_its_hash(blobs: Blobs) -> None:
    await blobs.put(address_of(BODY), BODY)
    await blobs.put(address_of(BODY), BODY)
    assert await blobs.get(address_of(BODY)) == BODY


async def test_a_missing_body_is_said_to_be_missing(blobs: Blobs) -> None:
    with pytest.raises(BlobMissingError):
        await blobs.get(address_of(b"never stored"))


async def test_a_body_that_does_not_fit_its_name_reaches_nobody(blobs: Blobs) -> None:
    name = address_of(BODY)
    await blobs.write(f"bodies/{name[:2]}/{name[2:4]}/{name}", b"something else")
    with pytest.raises(BlobDamagedError):
        await blobs.get(name)


async def test_a_named_object_is_replaced_and_removed(blobs: Blobs) -> None:
    assert await blobs.read("log/tn_a/checkpoint") is None
    await blobs.write("log/tn_a/checkpoint", b"one")
    await blobs.write("log/tn_a/checkpoint", b"two")
    assert await blobs.read("log/tn_a/checkpoint") == b"two"
    await blobs.remove("log/tn_a/checkpoint")
    await blobs.remove("log/tn_a/checkpoint")
    assert await blobs.read("log/tn_a/checkpoint") is None


async def test_a_folder_is_opened_by_its_url(tmp_path: Path) -> None:
    blobs = Blobs.open(f"file://{tmp_path}/with%20space")
    await blobs.put(address_of(BODY), BODY)
    name = address_of(BODY)
    assert (tmp_path / "with space" / "bodies" / name[:2] / name[2:4] / name).read_bytes() == BODY


@pytest.mark.parametrize("url", ["", "/var/lib", "file://host/path", "file:relative", "s3:///no-bucket", "ftp://a/b"])
def test_a_url_of_no_known_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a blob store is"):
        Blobs.open(url)


def test_a_bucket_is_opened_without_asking_the_network() -> None:
    assert isinstance(Blobs.open("s3://bucket/prefix"), Blobs)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "a/../b", "a//b", ".hidden", "a/\x00"])
async def test_no_path_leaves_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        await Folder(tmp_path).write(path, b"", replace=True)


async def test_a_folder_that_takes_nothing_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "bodies").write_text("a file where a folder should be")
    blobs = Blobs(Folder(tmp_path))
    with pytest.raises(BlobsUnavailableError):
        await blobs.put(address_of(BODY), BODY)
    with pytest.raises(BlobMissingError):
        await blobs.get(address_of(BODY))
    with pytest.raises(BlobsUnavailableError):
        await blobs.remove("bodies/aa")


async def test_a_write_that_fails_leaves_no_draft_behind(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    with pytest.raises(BlobsUnavailableError):
        await Folder(tmp_path).write("name", b"x", replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["name"]


async def test_a_body_cut_short_by_another_program_is_written_again(tmp_path: Path) -> None:
    name = BlobId(address_of(BODY))
    place = tmp_path / "bodies" / name[:2] / name[2:4] / name
    place.parent.mkdir(parents=True)
    place.write_bytes(BODY[:5])
    blobs = Blobs(Folder(tmp_path))
    await blobs.put(name, BODY)
    assert await blobs.get(name) == BODY
