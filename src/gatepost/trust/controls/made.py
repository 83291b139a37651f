"""Releases that must be found out: unread, hurried, with a test that failed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from gatepost.trust.bench import Bench
from gatepost.trust.checks import releases
from gatepost.trust.registers import Release
from gatepost.trust.release import Course, Entered, Results

_DAY = timedelta(days=1)


def _release(bench: Bench, *, reviewer: str, beta: int) -> releases.Releases:
    now = bench.clock()
    row = Release(
        version="control",
        commit="0" * 40,
        checks=("control",),
        author="one",
        reviewer=reviewer,
        sole_maintainer=False,
        beta_on=(now - beta * _DAY).date(),
        production_on=now.date(),
        beta_days_min=2,
    )
    return releases.Releases(releases=(row,), running="control", now=now)


@asynccontextmanager
async def self_reviewed(bench: Bench) -> AsyncIterator[releases.Releases]:
    """A release that nobody but its author has seen."""
    yield _release(bench, reviewer="one", beta=5)


@asynccontextmanager
async def no_beta(bench: Bench) -> AsyncIterator[releases.Releases]:
    """A release that went to production on the day of its beta."""
    yield _release(bench, reviewer="two", beta=0)


def _stated(bench: Bench, *, failed: int, beta_hours: int) -> releases.Releases:
    now = bench.clock()
    entered = Entered(
        build="0" * 64,
        version="control",
        commit="0" * 40,
        author="one",
        reviewer="two",
        results=Results(tests=9, failed=failed, skipped=0, sha256="0" * 64),
        at=now - timedelta(hours=beta_hours),
    )
    return replace(_release(bench, reviewer="two", beta=5), course=Course(entered, now))


@asynccontextmanager
async def red(bench: Bench) -> AsyncIterator[releases.Releases]:
    """A build that entered beta with a test that failed, whatever the register says."""
    yield _stated(bench, failed=1, beta_hours=99)


@asynccontextmanager
async def hurried(bench: Bench) -> AsyncIterator[releases.Releases]:
    """A build that ran in production 47 hours after it entered beta, whatever the register says."""
    yield _stated(bench, failed=0, beta_hours=47)
