"""Promises broken and people overlooked: each with one fault."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from gatepost.trust.bench import Bench
from gatepost.trust.checks import customers, people, promises
from gatepost.trust.registers import (
    Commitment,
    Instruction,
    Member,
    Registration,
    Release,
    Review,
    TermsVersion,
)
from gatepost.trust.terms import Standing

_DAY = timedelta(days=1)


@asynccontextmanager
async def broken_promise(bench: Bench) -> AsyncIterator[promises.Promise]:
    """A promise whose time ran out a month ago."""
    row = Commitment(id="control", text="control", owner="control", trigger="business", due_days=30)
    now = bench.clock()
    yield promises.Promise(row, now - 60 * _DAY, now)


@asynccontextmanager
async def lapsed(bench: Bench) -> AsyncIterator[promises.Entries]:
    """A registration that ended two months ago."""
    now = bench.clock()
    row = Registration(id="control", register="control", number="1", owner="control", renew_by=(now - 60 * _DAY).date())
    yield promises.Entries((row,), now)


@asynccontextmanager
async def unaccepted(bench: Bench) -> AsyncIterator[customers.Agreement]:
    """A customer that was told of the text and has said nothing, beside one that accepted it."""
    instruction = Instruction(id="control", purpose="control", basis="control", since=bench.clock().date())
    standings = {"tn_one": Standing.ACCEPTED, "tn_control": Standing.TOLD}
    yield customers.Agreement("1" * 64, standings, (instruction,))


@asynccontextmanager
async def passed_over(bench: Bench) -> AsyncIterator[customers.Notices]:
    """A text of which one of three customers was told nothing."""
    del bench
    yield customers.Notices({"terms": (2, 3)})


@asynccontextmanager
async def turned_out(bench: Bench) -> AsyncIterator[customers.Leavings]:
    """A customer that was closed without an export."""
    now = bench.clock()
    yield customers.Leavings((((Standing.REJECTED, now), (Standing.CLOSED, now)),), now)


@asynccontextmanager
async def kept_waiting(bench: Bench) -> AsyncIterator[customers.Leavings]:
    """A customer that rejected 31 days ago and got nothing."""
    now = bench.clock()
    yield customers.Leavings((((Standing.REJECTED, now - 31 * _DAY),),), now)


def _terms(bench: Bench, *, noticed_days: int, rule: str = "control", twice: bool = False) -> promises.History:
    now = bench.clock()
    row = TermsVersion(
        version="1",
        noticed_on=(now - noticed_days * _DAY).date(),
        effective_on=now.date(),
        material=True,
        rule=rule,
        reason="control",
        decided_by="control",
    )
    return promises.History((row, row) if twice else (row,), now)


@asynccontextmanager
async def terms_twice(bench: Bench) -> AsyncIterator[promises.History]:
    """Two versions of one number."""
    yield _terms(bench, noticed_days=60, twice=True)


@asynccontextmanager
async def terms_sudden(bench: Bench) -> AsyncIterator[promises.History]:
    """A material change announced 29 days ahead."""
    yield _terms(bench, noticed_days=29)


@asynccontextmanager
async def terms_undecided(bench: Bench) -> AsyncIterator[promises.History]:
    """A change that no rule calls material."""
    yield _terms(bench, noticed_days=60, rule="")


def _staff(bench: Bench) -> people.Staff:
    long_ago = datetime(2019, 7, 29, tzinfo=UTC).date()
    row = Member(
        ref="control",
        role="control",
        trained_on=long_ago,
        signed_sha256="0" * 64,
        signed_on=long_ago,
        has_production=True,
    )
    return people.Staff((row,), "1" * 64, bench.clock())


@asynccontextmanager
async def untrained(bench: Bench) -> AsyncIterator[people.Staff]:
    """A member trained in 2019, who signed another policy."""
    yield _staff(bench)


def _reviewed(bench: Bench, *, participant: str, days: int) -> people.Reviews:
    now = bench.clock()
    release = Release(
        version="control",
        commit="0" * 40,
        checks=("control",),
        author="one",
        reviewer="two",
        sole_maintainer=False,
        beta_on=now.date(),
        production_on=now.date(),
        beta_days_min=1,
    )
    row = Review(
        release="control",
        held_on=(now - days * _DAY).date(),
        held_by="three",
        participant=participant,
        owner="control",
    )
    return people.Reviews((row,), (release,), frozenset({"one", "two", "three"}), now)


@asynccontextmanager
async def review_of_strangers(bench: Bench) -> AsyncIterator[people.Reviews]:
    """A review at which nobody was who wrote the code."""
    yield _reviewed(bench, participant="two", days=10)


@asynccontextmanager
async def old_review(bench: Bench) -> AsyncIterator[people.Reviews]:
    """A review of two years ago."""
    yield _reviewed(bench, participant="one", days=730)


@asynccontextmanager
async def crowd(bench: Bench) -> AsyncIterator[people.Team]:
    """A team said to be of nine at most, in whose register ten stand."""
    now = bench.clock()
    row = Member(
        ref="control",
        role="engineer",
        trained_on=now.date(),
        signed_sha256="0" * 64,
        signed_on=now.date(),
        has_production=False,
    )
    yield people.Team((row,) * 10, frozenset({"engineer"}), range(3, 10), 0, now)
