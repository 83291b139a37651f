from pathlib import Path

import pytest

from gatepost.blobs import MARK, Blobs, BlobsUnavailableError
from gatepost.blobs.mark import FRESH_S, MarkedBlobs, StrangeStoreError


def of(folder: Path, *, is_ours: bool) -> MarkedBlobs:
    async def tell() -> bool:
        return is_ours

    return MarkedBlobs(Blobs.open(folder.as_uri()), "ks_one", tell)


async def test_a_store_that_is_ours_is_marked_at_its_first_write(tmp_path: Path) -> None:
    await of(tmp_path, is_ours=True).write("a/b", b"one")
    assert (tmp_path / MARK).read_bytes() == b"ks_one"
    await of(tmp_path, is_ours=False).write("a/c", b"two")  # the mark tells from now on
    assert await of(tmp_path, is_ours=False).read("a/c") == b"two"


@pytest.mark.parametrize("mark", [None, b"ks_other"], ids=["unmarked", "another's"])
async def test_a_strange_store_takes_nothing_and_loses_nothing(tmp_path: Path, mark: bytes | None) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"one")
    if mark:
        (tmp_path / MARK).write_bytes(mark)
    strange = of(tmp_path, is_ours=mark is not None)
    with pytest.raises(StrangeStoreError, match="write `ks_one` into an object `house`"):
        await strange.write("a/c", b"two")
    with pytest.raises(StrangeStoreError):
        await strange.remove("a/b")
    with pytest.raises(StrangeStoreError):
        await strange.prove()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert await strange.read("a/b") == b"one"
    (tmp_path / MARK).write_bytes(b"ks_one\n")  # a person says that it is the one
    await strange.write("a/c", b"two")


async def test_a_volume_that_is_taken_away_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = of(tmp_path, is_ours=False)
    (tmp_path / MARK).write_bytes(b"ks_one")
    await ours.write("a", b"one")
    (tmp_path / MARK).unlink()
    now = [1e9]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    now[0] += FRESH_S + 1
    with pytest.raises(StrangeStoreError):
        await ours.write("a", b"two")


async def test_a_store_that_took_nothing_is_proved_by_a_write(tmp_path: Path) -> None:
    ours = of(tmp_path, is_ours=True)
    await ours.prove()
    (tmp_path / "a").write_text("a file where a folder should be")
    with pytest.raises(BlobsUnavailableError):
        await ours.write("a/b", b"one")
    mark = tmp_path / MARK
    aside = mark.rename(tmp_path / "aside")
    mark.mkdir()
    (mark / "in the way").touch()
    with pytest.raises(BlobsUnavailableError):
        await ours.prove()
    (mark / "in the way").unlink()
    mark.rmdir()
    aside.rename(mark)
    await ours.prove()
