from pathlib import Path

import pytest

from gatepost.app.doctor.agents import judge, judge_files, judge_sockets, look
from gatepost.app.doctor.finding import Level
from gatepost.settings import Settings


@pytest.mark.parametrize(
    ("confined", "has_seccomp", "must_be", "level"),
    [
        ({}, True, True, Level.OK),
        ({}, False, True, Level.WARNING),
        ({}, False, False, Level.WARNING),
        ({7: True}, True, True, Level.OK),
        ({7: False}, True, True, Level.FAILURE),
        ({7: False}, True, False, Level.WARNING),
        ({7: True, 8: False}, True, True, Level.FAILURE),
        ({7: None}, False, False, Level.WARNING),
    ],
)
def test_a_process_that_the_kernel_does_not_hold_is_said(
    confined: dict[int, bool | None], *, has_seccomp: bool, must_be: bool, level: Level
) -> None:
    assert judge(confined, has_seccomp=has_seccomp, must_be=must_be).level is level


def test_a_house_that_is_down_is_judged_by_its_kernel(tmp_path: Path) -> None:
    assert look(Settings(), None).level is Level.OK
    assert look(Settings(), None, seccomp=tmp_path / "none").level is Level.WARNING


@pytest.mark.parametrize(
    ("release", "is_shown", "level", "step"),
    [
        ("6.1.0-13-amd64", True, Level.OK, ""),
        ("5.9", True, Level.OK, ""),
        ("5.8.18", True, Level.WARNING, "Linux 5.9"),
        ("4.4.0", True, Level.WARNING, "Linux 5.9"),
        ("unknown", True, Level.WARNING, "Linux 5.9"),
        ("6.1.0", False, Level.WARNING, "ptrace_scope"),
    ],
)
def test_sockets_that_agents_can_reach_are_said(release: str, *, is_shown: bool, level: Level, step: str) -> None:
    found = judge_sockets(release, is_shown=is_shown)
    assert found.level is level
    assert step in found.next_step
    assert ("agents.sockets_open" in found.said) is (level is Level.WARNING)


def test_files_that_agents_can_open_are_said() -> None:
    assert judge_files(1).level is Level.OK
    assert "agents.files_open" in judge_files(0).said
