import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatepost.app.build import clock
from gatepost.app.doctor import clocks
from gatepost.app.doctor.finding import Level
from gatepost.app.past import Past, Standing
from gatepost.db import Database

NOW = datetime(2026, 11, 20, tzinfo=UTC)


async def test_this_machine_and_its_database_agree(db: Database) -> None:
    found = {finding.check: finding for finding in await clocks.look(clock, db)}
    assert found["clock.steady"].level is Level.OK
    assert found["clock.offset"].level is Level.OK


async def test_a_clock_that_is_set_while_we_look_is_a_failure() -> None:
    jumps = itertools.chain([NOW], itertools.repeat(NOW + timedelta(minutes=5)))
    found = {finding.check: finding for finding in await clocks.look(lambda: next(jumps), None)}
    assert found["clock.steady"].level is Level.FAILURE


@pytest.mark.parametrize(
    ("offset_s", "round_trip_s", "level"),
    [(0, 0.01, Level.OK), (2, 0.01, Level.WARNING), (-2, 6, Level.OK), (60, 0.01, Level.FAILURE)],
)
def test_an_offset_counts_only_beyond_what_the_journey_explains(
    offset_s: float, round_trip_s: float, level: Level
) -> None:
    after = NOW + timedelta(seconds=round_trip_s)
    other = NOW + timedelta(seconds=round_trip_s / 2 + offset_s)
    assert clocks.judge_offset("the database's", other, NOW, after).level is level


@pytest.mark.parametrize(
    ("ahead_s", "level"),
    [(None, Level.OK), (0.0, Level.OK), (-5.0, Level.OK), (3_599.0, Level.OK), (691_200.0, Level.WARNING)],
)
def test_a_clock_that_is_ahead_of_what_the_house_saw_pass_is_told(ahead_s: float | None, level: Level) -> None:
    found = clocks.judge_past(Standing(ahead_s, settles_in_s=7_201.0))
    assert found.level is level
    assert level is Level.OK or ("192.0 h" in found.said and "3 h more" in found.said)


def test_only_a_house_that_is_up_is_asked_what_it_saw_pass(tmp_path: Path) -> None:
    past = Past(tmp_path, lambda: NOW)
    assert [each.check for each in clocks.look_at_past(past, is_up=True)] == ["clock.past"]
    assert clocks.look_at_past(past, is_up=False) == []


@pytest.mark.parametrize(("state", "level"), [(0, Level.OK), (5, Level.WARNING), (-1, Level.WARNING)])
def test_the_kernel_knows_whether_somebody_keeps_the_clock(state: int, level: Level) -> None:
    assert clocks.judge_kernel(state).level is level


def test_the_kernel_can_be_asked() -> None:
    assert clocks.kernel_state() in range(-1, 6)
