from pathlib import Path

import pytest

from gatepost.app.doctor.agents import judge, look
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
