"""The clock: signatures, rates and the record all trust it."""

import asyncio
import ctypes
import math
import time
from collections.abc import Callable
from datetime import datetime

from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.app.past import AHEAD_SAID, Past, Standing
from gatepost.clock import Clock
from gatepost.db import Database

OFFSET_WARN_S = 1.0
OFFSET_FAIL_S = 30.0
STEADY_S = 0.25
STEP_MAX_S = 0.05
_SYNC = "let systemd-timesyncd, chrony or ntpd keep it"
_UNSYNCHRONISED = 5  # adjtimex(2): TIME_ERROR


async def look(clock: Clock, db: Database | None, monotonic: Callable[[], float] = time.monotonic) -> list[Finding]:
    """Return how the clock runs, and how far it is from the database's."""
    found = [await _steadiness(clock, monotonic), judge_kernel(kernel_state())]
    if db is not None:
        before = clock()
        (row,) = await db.look_up("select clock_timestamp() as at")
        found.append(judge_offset("the database's", row.at, before, clock()))
    return found


def look_at_past(past: Past, *, is_up: bool) -> list[Finding]:
    """Return how the clock stands to what a house that is up saw pass; the next one makes up for what it did not."""
    return [judge_past(past.standing())] if is_up else []


def judge_past(standing: Standing) -> Finding:
    """Judge whether the clock is ahead of what the house saw pass: nothing is removed for its age by such a one."""
    hours = math.ceil(standing.settles_in_s / 3_600)
    wait = f"nothing is removed for its age by it until the house has run {hours} h more"
    if standing.ahead_s is None:
        return ok("clock.past", f"the house has not seen a day pass yet: {wait}")
    if standing.ahead_s > AHEAD_SAID.total_seconds():
        return warning(
            "clock.past",
            f"our clock is {standing.ahead_s / 3_600:.1f} h ahead of the time the house saw pass: {wait}",
            "see that `date -u` is right; if it is, wait, or `gatepost retention confirm-clock`",
        )
    return ok("clock.past", "our clock is where the house saw it come to")


async def _steadiness(clock: Clock, monotonic: Callable[[], float]) -> Finding:
    """Compare the wall clock with the monotonic one for a moment: somebody may be setting it."""
    wall, steady = clock(), monotonic()
    await asyncio.sleep(STEADY_S)
    drift_s = (clock() - wall).total_seconds() - (monotonic() - steady)
    if abs(drift_s) > STEP_MAX_S:
        return failure("clock.steady", f"the clock was set by {drift_s:+.3f} s while we looked", _SYNC)
    return ok("clock.steady", "the clock runs evenly")


def judge_offset(whose: str, other: datetime, before: datetime, after: datetime) -> Finding:
    """Judge how far another clock is, which was read between two looks at ours."""
    middle = before + (after - before) / 2
    offset_s = (middle - other).total_seconds()
    doubt_s = (after - before).total_seconds() / 2
    said = f"our clock is {offset_s:+.3f} s from {whose} (± {doubt_s:.3f} s)"
    if abs(offset_s) - doubt_s > OFFSET_FAIL_S:
        return failure("clock.offset", said, f"{_SYNC} on both machines")
    if abs(offset_s) - doubt_s > OFFSET_WARN_S:
        return warning("clock.offset", said, f"{_SYNC} on both machines")
    return ok("clock.offset", said)


def kernel_state() -> int:
    """Return what adjtimex(2) says of the clock; -1 where it does not say."""
    buffer = ctypes.create_string_buffer(512)  # struct timex is 208 octets; all zero asks and changes nothing
    return int(ctypes.CDLL(None).adjtimex(buffer))


def judge_kernel(state: int) -> Finding:
    """Judge whether the kernel's clock is kept by somebody."""
    if state == _UNSYNCHRONISED:
        return warning("clock.synchronised", "nobody keeps the clock right", _SYNC)
    if state < 0:
        return warning("clock.synchronised", "the kernel does not say whether the clock is kept right", _SYNC)
    return ok("clock.synchronised", "the kernel's clock is kept right")
