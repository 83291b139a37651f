"""One suite for every store: a folder, and a bucket without its wire. (S3 over a real wire is not tested here.)"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatepost.blobs import Blobs, address_of, folder_of
from gatepost.blobs.bucket import Bucket
from gatepost.blobs.folder import Folder

BODY = b"From: a@b.example\r\n\r\nhello\r\n"
MAKERS: dict[str, Callable[[Path], Blobs]] = {
    "folder": lambda path: Blobs(Folder(path)),
    "bucket": lambda _: Blobs(Bucket.in_memory()),
}


@pytest.fixture(params=sorted(MAKERS))
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return MAKERS[request.param](tmp_path)


async def test_an_object_comes_back_as_it_was(blobs: Blobs) -> None:
    await blobs.write("bodies/tn_a/aa/em_a", BODY)
    await blobs.write("bodies/tn_a/aa/em_a", BODY)
    assert await blobs.read("bodies/tn_a/aa/em_a") == BODY
    assert await blobs.read("bodies/tn_a/aa/em_b") is None


def test_octets_are_identified_by_their_sha256() -> None:
    assert address_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


async def test_a_named_object_is_replaced_and_removed(blobs: Blobs) -> None:
    assert await blobs.read("log/tn_a/checkpoint") is None
    await blobs.write("log/tn_a/checkpoint", b"one")
    await blobs.write("log/tn_a/checkpoint", b"two")
    assert await blobs.read("log/tn_a/checkpoint") == b"two"
    await blobs.remove("log/tn_a/checkpoint")
    await blobs.remove("log/tn_a/checkpoint")
    assert await blobs.read("log/tn_a/checkpoint") is None


async def test_objects_below_a_name_are_listed_once_they_are_old_enough(blobs: Blobs) -> None:
    paths = {"bodies/tn_a/aa/em_a", "bodies/tn_a/bb/em_b", "bodies/tn_b/aa/em_c"}
    for path in (*paths, "log/tn_a/checkpoint"):
        await blobs.write(path, BODY)
    soon, earlier = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251  # the store's own clock
    assert {path async for page in blobs.names("bodies", soon) for path in page} == paths
    assert [path async for page in blobs.names("bodies", earlier) for path in page] == []
    assert [path async for page in blobs.names("nothing", soon) for path in page] == []
    assert await blobs.tidy("bodies", soon) == 0
    assert await blobs.read("bodies/tn_a/aa/em_a") == BODY


async def test_a_folder_is_opened_by_its_url(tmp_path: Path) -> None:
    blobs = Blobs.open(f"file://{tmp_path}/with%20space")
    await blobs.write("bodies/tn_a/aa/em_a", BODY)
    assert (tmp_path / "with space" / "bodies" / "tn_a" / "aa" / "em_a").read_bytes() == BODY


@pytest.mark.parametrize("url", ["", "/var/lib", "file://host/path", "file:relative", "s3:///no-bucket", "ftp://a/b"])
def test_a_url_of_no_known_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a blob store is"):
        Blobs.open(url)


@pytest.mark.parametrize(
    ("url", "folder"),
    [("file:///a/b%20c", Path("/a/b c")), ("file://host/a", None), ("s3://bucket/a", None), ("", None)],
)
def test_the_folder_of_a_url_is_known(url: str, folder: Path | None) -> None:
    assert folder_of(url) == folder
