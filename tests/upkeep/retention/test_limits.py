from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ids import AccountId
from gatepost.upkeep.retention.limits import ACCOUNTS_MAX, Limit, Plans, limits, month_end, over

PLANS = Plans({"free": 7, "team": 365, "gold": 0}, other_days=30)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("plan", "days"), [("free", 7), ("Team ", 365), ("gold", None), ("something else", 30), ("", 30)]
)
def test_a_plan_has_its_days_in_any_spelling_and_0_is_for_ever(plan: str, days: int | None) -> None:
    assert PLANS.days_for(plan) == days


def test_only_what_is_shorter_than_the_plan_counts_and_the_plan_comes_last() -> None:
    by_policy = {AccountId(1): 30, AccountId(2): 365, AccountId(3): 400, AccountId(4): 30}
    assert limits(365, by_policy) == [Limit(30, 0, (AccountId(1), AccountId(4))), Limit(365)]
    assert limits(None, {AccountId(3): 400}) == [Limit(400, 0, (AccountId(3),))]
    assert limits(None, {}) == []


@given(st.integers(0, 300))
def test_each_mailbox_is_in_one_part_and_each_part_fits_an_entry(count: int) -> None:
    accounts = [AccountId(number) for number in range(1, count + 1)]
    found = limits(None, dict.fromkeys(accounts, 9))
    assert [account for limit in found for account in limit.accounts or ()] == accounts
    assert all(len(limit.accounts or ()) <= ACCOUNTS_MAX for limit in found)
    assert [limit.part for limit in found] == list(range(len(found)))


@given(st.integers(0, 20_000_000), st.integers(1, 3_000))
def test_no_month_is_over_while_something_of_it_is_too_young(minutes: int, days: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    month = f"{at:%Y-%m}"
    due = at + timedelta(days=days)
    assert over([month], days, due) == []
    assert over([month], days, month_end(month) + timedelta(days=days)) == [month]
    assert at < month_end(month) <= at + timedelta(days=31)


def test_what_is_just_old_enough_is_so_to_the_second() -> None:
    assert Limit(7).since(NOW) == datetime(2026, 11, 13, 12, tzinfo=UTC)
