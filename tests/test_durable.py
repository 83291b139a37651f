import os
import stat
from pathlib import Path

import pytest

from gatepost import durable
from gatepost.durable import sync_folder


def test_the_folder_itself_is_flushed_and_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[int, os.stat_result]] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append((descriptor, os.fstat(descriptor))))
    sync_folder(tmp_path)
    ((descriptor, found),) = flushed
    assert stat.S_ISDIR(found.st_mode)
    assert found.st_ino == tmp_path.stat().st_ino
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_what_is_no_folder_is_not_flushed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "file")


def test_folders_are_durable_in_those_above_them_whoever_made_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(durable, "sync_folder", flushed.append)
    durable.make_folder(tmp_path / "a" / "b", 0o700)
    assert flushed == [tmp_path, tmp_path / "a"]
    durable.make_folder(tmp_path / "a" / "b", 0o700)
    assert flushed[2:] == [tmp_path / "a"]
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
