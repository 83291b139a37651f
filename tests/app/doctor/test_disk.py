import errno
import os
from pathlib import Path

import pytest

from gatepost.app.doctor import disk
from gatepost.app.doctor.finding import Level


def test_a_folder_of_ours_is_looked_at_whole(tmp_path: Path) -> None:
    found = {finding.check: finding for finding in disk.look(tmp_path)}
    assert set(found) == {"disk.state", "disk.room", "disk.kind", "disk.flush"}
    assert found["disk.state"].level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_absent_or_open_to_all_is_told(tmp_path: Path) -> None:
    (absent,) = disk.look(tmp_path / "absent")
    assert absent.level is Level.WARNING
    tmp_path.chmod(0o777)
    assert disk.look(tmp_path)[0].level is Level.FAILURE


@pytest.mark.parametrize(
    ("octets", "files", "level"),
    [
        (100 * 1024**3, 10**6, Level.OK),
        (10**9, 10**6, Level.WARNING),
        (100 * 1024**3, 5_000, Level.WARNING),
        (100 * 1024**3, 10, Level.FAILURE),
        (10**8, 10**6, Level.FAILURE),
    ],
)
def test_room_is_judged(octets: int, files: int, level: Level) -> None:
    assert disk.judge_room(octets, files).level is level


@pytest.mark.parametrize(
    ("number", "advice"), [(errno.ENOSPC, "make room, now"), (errno.EACCES, "let this account own it")]
)
def test_a_folder_that_takes_nothing_is_told_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    def fail(_: Path) -> float:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk, "time_flush", fail)
    (found,) = disk.look(tmp_path)
    assert (found.level, found.next_step) == (Level.FAILURE, advice)


@pytest.mark.parametrize(("seconds", "level"), [(0.000_002, Level.WARNING), (0.002, Level.OK), (0.2, Level.WARNING)])
def test_a_flush_that_is_too_fast_is_as_suspect_as_a_slow_one(seconds: float, level: Level) -> None:
    assert disk.judge_flush(seconds).level is level


def test_a_second_store_that_guards_nothing_is_told() -> None:
    assert disk.judge_second(guards_no_fork=True).level is Level.WARNING
    assert disk.judge_second(guards_no_fork=False).level is Level.OK
