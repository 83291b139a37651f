"""Token budgets: exact under concurrency, and given back where their holder died."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import ACCOUNT, BOSS, NOON, TENANT
from decide.test_grants import grant as granted
from gatepost import decide
from gatepost.db import Database
from gatepost.decide import budget, budget_store
from gatepost.decide.budget import Exhausted, Reservation, Spent
from gatepost.decide.forget import KEPT
from gatepost.decide.grants import Grant
from gatepost.decide.paper import TokenBudget
from gatepost.decide.reasons import Reason
from gatepost.ids import EmailId, ReservationId, ThreadId
from gatepost.keys import KeyStore

TESTS = Path(__file__).parents[1]


def grant(**changes: Any) -> Grant:
    return granted(**changes)


async def reserve(
    db: Database, tokens: int, *, after: timedelta = timedelta(0), **changes: Any
) -> Reservation | Exhausted:
    async with db.transaction(TENANT) as tx:
        return await budget.reserve(tx, grant(**changes), tokens, at=NOON + after, entropy=os.urandom)


async def reserved(db: Database, tokens: int, **changes: Any) -> Reservation:
    made = await reserve(db, tokens, **changes)
    assert isinstance(made, Reservation)
    return made


async def settle(db: Database, reservation: Reservation | ReservationId, used: int) -> bool:
    identifier = reservation.id if isinstance(reservation, Reservation) else reservation
    async with db.transaction(TENANT) as tx:
        return await budget.settle(tx, identifier, used, at=NOON)


limits = st.builds(TokenBudget, *[st.none() | st.integers(0, 50)] * 4)
spent = st.builds(Spent, *[st.integers(0, 60)] * 4)


@given(limits, spent, st.integers(1, 60))
def test_what_fits_fits_in_every_budget_and_what_does_not_names_the_first(
    found: TokenBudget, so_far: Spent, tokens: int
) -> None:
    pairs = list(zip(found.as_list(), (so_far.message, so_far.thread, so_far.sender, so_far.day), strict=True))
    judged = budget.judge(found, so_far, tokens)
    over = [place for place, (limit, used) in enumerate(pairs) if limit is not None and used + tokens > limit]
    if over:
        assert isinstance(judged, Exhausted)
        assert (judged.limit, judged.used) == pairs[over[0]]
        assert judged.left < tokens
    else:
        assert judged == min((limit - used - tokens for limit, used in pairs if limit is not None), default=None)


@pytest.mark.parametrize(
    ("limit", "reason", "elsewhere"),
    [
        (TokenBudget(per_message=100), Reason.BUDGET_PER_MESSAGE, {"message": EmailId("em_2")}),
        (TokenBudget(per_thread=100), Reason.BUDGET_PER_THREAD, {"thread": ThreadId("th_2")}),
        (TokenBudget(per_sender=100), Reason.BUDGET_PER_SENDER, {"sender": "x@example.com"}),
        (TokenBudget(per_day=100), Reason.BUDGET_PER_DAY, {"sender": "x@example.com"}),
    ],
)
async def test_each_budget_is_its_own(
    db: Database, limit: TokenBudget, reason: Reason, elsewhere: dict[str, Any]
) -> None:
    made = await reserved(db, 60, limits=limit)
    assert made.left == 40
    refused = await reserve(db, 41, limits=limit)
    assert refused == Exhausted(reason, 100, 60)
    assert (await reserved(db, 40, limits=limit)).left == 0
    assert (await reserved(db, 100, limits=limit, **elsewhere)).left == 0
    assert (await reserved(db, 1_000_000)).left is None  # no limit


async def test_settling_counts_what_was_used_and_once(db: Database) -> None:
    limit = TokenBudget(per_message=100)
    first = await reserved(db, 100, limits=limit)
    assert await settle(db, first, 30)
    assert not await settle(db, first, 30)
    assert not await settle(db, ReservationId("rs_none"), 30)
    assert (await reserved(db, 70, limits=limit)).left == 0


async def test_more_than_was_set_aside_counts_in_full(db: Database) -> None:
    limit = TokenBudget(per_thread=100)
    assert await settle(db, await reserved(db, 10, limits=limit), 95)
    assert await reserve(db, 6, limits=limit) == Exhausted(Reason.BUDGET_PER_THREAD, 100, 95)


async def test_a_reservation_whose_holder_died_lapses(db: Database) -> None:
    limit = TokenBudget(per_sender=100)
    left_behind = await reserved(db, 100, limits=limit)
    assert isinstance(await reserve(db, 1, limits=limit, after=budget.LASTS - timedelta(seconds=1)), Exhausted)
    again = await reserved(db, 100, limits=limit, after=budget.LASTS)
    assert await settle(db, left_behind, 20)  # it was not dead: what it spent counts
    assert isinstance(await reserve(db, 1, limits=limit, after=budget.LASTS), Exhausted)
    assert await settle(db, again, 80)


async def test_a_day_is_86400_seconds(db: Database) -> None:
    limit = TokenBudget(per_day=100)
    assert await settle(db, await reserved(db, 100, limits=limit), 100)
    assert isinstance(await reserve(db, 1, limits=limit, after=timedelta(seconds=86_399)), Exhausted)
    await reserved(db, 100, limits=limit, after=timedelta(seconds=86_400))


async def test_reported_tokens_count_too(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await decide.charge_tokens(
            tx, account=ACCOUNT, sender=BOSS.key, thread=ThreadId("th_1"), email=EmailId("em_1"), tokens=60, at=NOON
        )
    assert isinstance(await reserve(db, 41, limits=TokenBudget(per_message=100)), Exhausted)


@pytest.mark.parametrize("tokens", [0, -1, budget.TOKENS_MAX + 1])
async def test_nobody_reserves_nothing_or_takes_spending_back(db: Database, tokens: int) -> None:
    with pytest.raises(ValueError, match="reserve between"):
        await reserve(db, tokens)
    with pytest.raises(ValueError, match="negative"):
        await settle(db, ReservationId("rs_1"), -1)


async def test_what_lapsed_long_ago_is_forgotten(db: Database) -> None:
    made = await reserved(db, 1)
    async with db.transaction(TENANT) as tx:
        await budget_store.forget(tx, NOON + KEPT)
    assert not await settle(db, made, 1)


async def test_two_processes_side_by_side_reserve_exactly_the_budget_and_dying_give_it_back(
    db: Database, app_dsn: str, keys: KeyStore
) -> None:
    """Each of them asks 32 times for a fifth of the budget, and is killed with what it holds."""
    command = (sys.executable, str(TESTS / "decide" / "budget_spender.py"), app_dsn, str(keys._folder), "32")
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}  # noqa: TID251  # a child's, not settings
    spenders = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
        for _ in range(2)
    ]
    said = [await spender.communicate() for spender in spenders]
    assert sum(int(out) for out, _ in said) == 5
    limit = TokenBudget(per_thread=500)
    assert isinstance(await reserve(db, 1, limits=limit), Exhausted)
    assert (await reserved(db, 500, limits=limit, after=budget.LASTS)).left == 0
