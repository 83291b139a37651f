from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatepost.app.past import FILE, LEADS_MAX, SETTLES_S, Past
from gatepost.clock import UNKNOWN

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NEAR = timedelta(minutes=2)
"""What is noted is noted by the minute."""


@dataclass
class Machine:
    """Whose clock can be set, in which a house runs, and is started again."""

    state: Path
    true: datetime = NOW
    set_by: timedelta = field(default_factory=timedelta)
    uptime_s: float = 1_000.0
    past: Past = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.past = Past(self.state, lambda: self.true + self.set_by, lambda: self.uptime_s)

    async def run(self, time: timedelta, every: timedelta = timedelta(hours=1)) -> None:
        """Let the house run, doing its chore."""
        for _ in range(time // every):
            await self.past.keep()
            self.true += every
            self.uptime_s += every.total_seconds()
        await self.past.keep()

    def off(self, time: timedelta) -> None:
        """Let it be switched off; what counts its seconds begins anew."""
        self.true += time
        self.uptime_s = 5.0
        self.start()

    def ahead(self) -> timedelta:
        """Return by how much what has surely passed is beyond what passed; negative where it lags."""
        return self.past() - self.true


@pytest.fixture
async def machine(tmp_path: Path) -> Machine:
    """A house that has run for some days by a clock that is right."""
    made = Machine(tmp_path)
    await made.run(3 * DAY)
    return made


def is_right(machine: Machine) -> bool:
    return -NEAR < machine.ahead() <= timedelta()


async def test_while_the_clock_is_right_it_goes_with_it(machine: Machine) -> None:
    for _ in range(50):
        await machine.run(timedelta(hours=1), every=MINUTE)
        assert is_right(machine)
    assert machine.past.standing().settles_in_s == 0


async def test_a_house_that_knows_nothing_believes_nothing_for_a_day(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    await machine.run(DAY)
    assert machine.past() == UNKNOWN
    assert machine.past.standing().ahead_s is None
    await machine.run(timedelta(hours=1))
    assert is_right(machine)


@pytest.mark.parametrize(
    "note", [b"", b"[]", b"{", b'{"ran_s": 1, "leads": []}', b'{"ran_s": null, "leads": [[1, 2]]}']
)
async def test_a_note_nobody_can_read_is_none(tmp_path: Path, note: bytes) -> None:
    (tmp_path / FILE).write_bytes(note)
    assert Machine(tmp_path).past() == UNKNOWN


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=8), timedelta(days=4_000)])
async def test_a_clock_that_is_ahead_at_the_start_and_mended_makes_nothing_older(
    machine: Machine, ahead: timedelta
) -> None:
    machine.set_by = ahead
    machine.off(timedelta(minutes=10))
    for _ in range(20):
        await machine.run(MINUTE, every=MINUTE)
        assert machine.ahead() <= timedelta()
        assert machine.past.standing().ahead_s == pytest.approx((ahead + 10 * MINUTE).total_seconds(), abs=120)
    machine.set_by = timedelta()
    await machine.run(2 * DAY)
    assert is_right(machine)


async def test_a_clock_that_is_set_ahead_between_two_looks_makes_nothing_older_at_once(machine: Machine) -> None:
    machine.set_by = timedelta(days=8)
    assert is_right(machine)
    await machine.run(DAY - timedelta(hours=1))
    assert is_right(machine)
    assert machine.past.standing().settles_in_s == pytest.approx(3_600, abs=1)


async def test_a_clock_that_stays_ahead_for_a_day_of_running_counts_as_right_and_is_doubted_anew_once_mended(
    machine: Machine,
) -> None:
    machine.set_by = timedelta(days=8)
    await machine.run(DAY + timedelta(hours=2))
    assert machine.ahead() > timedelta(days=7)
    machine.set_by = timedelta()
    assert is_right(machine)
    machine.set_by = timedelta(days=8)
    assert is_right(machine)


async def test_a_clock_that_is_behind_is_followed_at_once_and_what_it_makes_up_for_waits_a_day(
    machine: Machine,
) -> None:
    machine.set_by = -timedelta(days=8)
    assert machine.ahead() <= -timedelta(days=8)
    machine.set_by = timedelta()
    assert machine.ahead() <= -timedelta(days=7)
    await machine.run(DAY + timedelta(hours=1))
    assert is_right(machine)


async def test_a_long_outage_is_made_up_for_after_a_day_of_running(machine: Machine) -> None:
    machine.off(timedelta(days=21))
    assert timedelta(days=20) < -machine.ahead() < timedelta(days=22)
    await machine.run(DAY + timedelta(hours=1))
    assert is_right(machine)


async def test_a_house_that_is_off_each_night_lags_by_nights_and_never_more(machine: Machine) -> None:
    for _ in range(30):
        machine.off(timedelta(hours=14))
        await machine.run(timedelta(hours=10))
        assert timedelta() <= -machine.ahead() < timedelta(hours=43)


async def test_an_old_state_folder_that_is_put_back_is_made_up_for(machine: Machine) -> None:
    old = (machine.state / FILE).read_bytes()
    await machine.run(40 * DAY)
    (machine.state / FILE).write_bytes(old)
    machine.off(timedelta())
    assert machine.ahead() < -timedelta(days=39)
    await machine.run(DAY + timedelta(hours=1))
    assert is_right(machine)


async def test_an_operator_confirms_the_clock_for_the_house_that_is_up_and_for_commands(machine: Machine) -> None:
    machine.off(timedelta(days=21))
    clock: Callable[[], datetime] = lambda: machine.true + machine.set_by  # noqa: E731  # a command's
    beside = Past(machine.state, clock, lambda: 7.0)
    beside.confirm()
    assert is_right(machine) is False
    assert machine.true - beside() < NEAR
    assert machine.true - Past(machine.state, clock, lambda: 9.0)() < NEAR
    await machine.run(MINUTE, every=MINUTE)
    assert is_right(machine)
    machine.set_by = timedelta(days=8)
    assert is_right(machine), "what was confirmed was that moment"
    machine.off(MINUTE)
    assert machine.ahead() <= timedelta()


async def test_a_state_folder_that_takes_nothing_ends_no_house(machine: Machine) -> None:
    machine.past = Past(machine.state / "away", lambda: machine.true, lambda: machine.uptime_s)
    await machine.run(DAY + timedelta(hours=1))
    assert is_right(machine)


async def test_what_is_kept_stays_small(machine: Machine) -> None:
    for number in range(200):
        machine.set_by = timedelta(seconds=number % 7)
        await machine.run(MINUTE, every=MINUTE)
    assert (machine.state / FILE).stat().st_size < 500
    assert DAY.total_seconds() == SETTLES_S


def test_lives_that_end_at_once_do_not_lengthen_the_note(tmp_path: Path) -> None:
    times = iter(NOW + number * NEAR for number in range(LEADS_MAX + 10))
    past = Past(tmp_path, lambda: next(times), lambda: 0.0)
    for _ in range(LEADS_MAX + 5):
        past()
    assert len(past._leads) == LEADS_MAX
    assert past() == UNKNOWN
