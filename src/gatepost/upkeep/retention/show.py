"""What holds for a tenant now: how long what is kept, and why longer."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatepost.access.paper import Tenant
from gatepost.ids import AccountId
from gatepost.keys import Kind
from gatepost.upkeep.retention import store
from gatepost.upkeep.retention.expire import policy_days
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.limits import limits
from gatepost.upkeep.retention.paper import Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A tenant's limits.

    ``plan_days`` None: for ever. ``mailboxes``: those whose policy lets their record be read for fewer days.
    ``months``: whose keys there are; what is older opens nowhere.
    """

    plan: str
    plan_days: int | None
    mailboxes: dict[AccountId, int]
    holds: Sequence[Hold]
    months: Sequence[str]


async def show(keeper: Keeper, tenant: Tenant) -> Shown:
    """Return what holds for this tenant now."""
    plan_days = keeper.plans.days_for(tenant.plan)
    async with keeper.db.transaction(tenant.id) as tx:
        holds = await store.holds(tx)
    by_policy = await policy_days(keeper, tenant.id)
    return Shown(
        plan=tenant.plan,
        plan_days=plan_days,
        mailboxes={account: limit.days for limit in limits(plan_days, by_policy) for account in limit.accounts or ()},
        holds=holds,
        months=keeper.own.keys.names(tenant.id, Kind.EPOCH),
    )
