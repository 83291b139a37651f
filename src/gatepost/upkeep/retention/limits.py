"""How long is kept: the plan's limit, and a policy's where that is shorter. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gatepost.decide.above import TENANT_WIDE
from gatepost.ids import AccountId

ACCOUNTS_MAX = 64
"""Accounts with one limit that are looked after together: their numbers must fit in one entry of the log."""


@dataclass(frozen=True, slots=True)
class Plans:
    """Days by the name of the plan, in lower case; ``other_days`` for every other name. 0: for ever."""

    days: Mapping[str, int]
    other_days: int

    def days_for(self, plan: str) -> int | None:
        """Return how many days a plan keeps what came or happened; None: for ever."""
        return self.days.get(plan.strip().lower(), self.other_days) or None


@dataclass(frozen=True, slots=True)
class Limit:
    """Of whose entries the openings go after how many days; ``accounts`` None: everything of the tenant's."""

    days: int
    part: int = 0
    accounts: tuple[AccountId, ...] | None = None

    def since(self, now: datetime) -> datetime:
        """Return when what is just old enough to go happened."""
        return now - timedelta(days=self.days)


def limits(plan_days: int | None, by_policy: Mapping[AccountId, int]) -> list[Limit]:
    """Return the tenant's limits: those of policies that are shorter than the plan, and the plan's own last."""
    groups: dict[int, list[AccountId]] = {}
    for account, days in sorted(by_policy.items()):
        if plan_days is None or days < plan_days:
            groups.setdefault(days, []).append(account)
    found = [
        Limit(days, part, tuple(accounts[part * ACCOUNTS_MAX : (part + 1) * ACCOUNTS_MAX]))
        for days, accounts in sorted(groups.items())
        for part in range(-(-len(accounts) // ACCOUNTS_MAX))
    ]
    return found if plan_days is None else [*found, Limit(plan_days)]


def narrowed(said: Mapping[AccountId, int], accounts: Iterable[AccountId]) -> dict[AccountId, int]:
    """Return each account's days: of its own policy or the tenant's, the fewer; nothing of one that has neither."""
    own = {account: days for account, days in said.items() if account != TENANT_WIDE}
    wide = said.get(TENANT_WIDE)
    if wide is None:
        return own
    return {account: min(own.get(account, wide), wide) for account in {*own, *accounts}}


def month_start(month: str) -> datetime:
    """Return when a month, ``YYYY-MM``, begins, in UTC."""
    return datetime.fromisoformat(f"{month}-01T00:00:00+00:00")


def month_end(month: str) -> datetime:
    """Return when a month, ``YYYY-MM``, is over, in UTC."""
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def over(months: list[str], plan_days: int, now: datetime) -> list[str]:
    """Return the months of which everything is old enough to go: their keys may be destroyed."""
    return [month for month in months if month_end(month) + timedelta(days=plan_days) <= now]
