"""What is older than its limit goes: rows on their day, and the key of a month once all of the month is old enough.

Expiry walks along the log, so each entry is looked at once for each limit. The plan's limit takes the opening and the
mail; a policy's shorter one takes the openings of its mailbox, for it speaks of the record. Until the month's key is
destroyed, a copy of a removed row (a backup, the second store) opens with the key store; after that none does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.act.hosted import erase_store as turns
from gatepost.db import Transaction
from gatepost.decide import grant_store as grants
from gatepost.decide import outbound_store as outbound
from gatepost.decide import past_store as past
from gatepost.decide import store as policies
from gatepost.deliver import hold_end
from gatepost.deliver import store as queue
from gatepost.ids import AccountId, TenantId
from gatepost.keys import Kind
from gatepost.mailbox import erase_store as mail
from gatepost.record import erase as entries
from gatepost.record.erase import ACTIONS, NOBODY, Place, Removal, Rule
from gatepost.upkeep.retention import store
from gatepost.upkeep.retention.hold import covers_all, removing
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.limits import Limit, limits, month_end, month_start, narrowed, over
from gatepost.upkeep.retention.paper import Hold
from gatepost.upkeep.retention.several import emails_under, held_keys

BATCH = 1_000
HOUSE = "house"
_OWN = frozenset({ACTIONS[Rule.PLAN], ACTIONS[Rule.KEYS]})
"""What expiry itself writes: that alone is no reason to write again, or it would never end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """What a run came to, or would come to."""

    openings: int = 0
    messages: int = 0
    bodies: int = 0
    months: tuple[str, ...] = ()

    def __add__(self, other: "Expired") -> "Expired":
        """Return both together."""
        return Expired(
            openings=self.openings + other.openings,
            messages=self.messages + other.messages,
            bodies=self.bodies + other.bodies,
            months=(*self.months, *other.months),
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """What holds keep back: mailboxes, and persons by the ids of their keys."""

    accounts: frozenset[int]
    persons: frozenset[bytes]
    is_any: bool

    def keeps(self, place: Place) -> bool:
        return place.account in self.accounts or (place.subject or NOBODY) in self.persons


async def expire(keeper: Keeper, tenant: Tenant, *, dry_run: bool = False) -> Expired:
    """Remove what is older than its limit; with ``dry_run`` only count it.

    Raises:
        HoldError: the table of legal holds is not what the log says; nothing was removed.
        BlobsUnavailableError: the object store does not answer; the next run goes on.
        DatabaseUnavailableError: the same of the database.
    """
    plan_days = keeper.plans.days_for(tenant.plan)
    total = Expired()
    for limit in limits(plan_days, await policy_days(keeper, tenant.id)):
        total += await _expire_by(keeper, tenant.id, limit, dry_run=dry_run)
    if plan_days is not None:
        total += await destroy_months(keeper, tenant.id, plan_days, dry_run=dry_run)
    return total


async def policy_days(keeper: Keeper, tenant: TenantId) -> dict[AccountId, int]:
    """Return for how many days policies let each mailbox's record be read: its own, or the tenant's if fewer."""
    async with keeper.db.transaction(tenant) as tx:
        said = await policies.retention_days(tx)
        accounts = [account.id for account in await access.list_accounts(tx)]
    return narrowed(said, accounts)


def _held(keeper: Keeper, tenant: TenantId, holds: Sequence[Hold]) -> _Held:
    accounts = frozenset(hold.scope.account for hold in holds if hold.scope.account is not None)
    return _Held(accounts, frozenset(held_keys(keeper, tenant, holds)), bool(holds))


async def _expire_by(keeper: Keeper, tenant: TenantId, limit: Limit, *, dry_run: bool) -> Expired:
    total, request = Expired(), keeper.new_request()
    start: int | None = None
    while True:
        async with removing(keeper, tenant) as (tx, holds):
            if covers_all(holds):
                return total
            held = _held(keeper, tenant, holds)
            if start is None or not dry_run:
                start = await store.cursor(tx, limit)
            seen = await entries.places_from(tx, start, BATCH)
            due = _due(seen, limit.since(keeper.past()))  # anew for each batch: the clock may be set meanwhile
            if all(place.action in _OWN for place in due):
                return total
            end = due[-1].index + 1
            going = await _going(tx, limit, due, held)
            if dry_run:
                total += Expired(openings=sum(place.subject is not None for place in going))
                start = end
            else:
                total += await _remove(tx, keeper, limit, going, end, request, is_held=held.is_any)


def _due(seen: Sequence[Place], before: datetime) -> list[Place]:
    return list(takewhile(lambda place: place.at < before, seen))


async def _going(tx: Transaction, limit: Limit, due: Sequence[Place], held: _Held) -> list[Place]:
    """Return what may go: nothing of a message that is a held person's too."""
    named = list({place.email for place in due if place.email is not None})
    kept = await emails_under(tx, [*held.persons], named)
    return [
        place
        for place in due
        if (limit.accounts is None or place.account in limit.accounts)
        and not held.keeps(place)
        and place.email not in kept
    ]


async def _remove(
    tx: Transaction, keeper: Keeper, limit: Limit, going: Sequence[Place], end: int, request: str, *, is_held: bool
) -> Expired:
    """Remove one batch.

    Tokens of persons do not say whose mailbox or mail a hold means: while one is in force, all of them stay.
    """
    emails = list(dict.fromkeys(place.email for place in going if place.email is not None))
    is_plan = limit.accounts is None
    large = await keeper.remove_large_bodies(tx, emails) if is_plan else 0
    done = Expired()
    opened = [place.entry for place in going if place.subject is not None]
    if opened or (is_plan and emails):
        await entries.say(tx, _removal(keeper, limit, end, request), entropy=keeper.entropy)
        done = Expired(openings=await entries.erase(tx, opened))
    if is_plan and emails:
        gone = await mail.forget(tx, emails)
        await queue.forget(tx, emails)
        await hold_end.forget(tx, emails, at=keeper.clock(), entropy=keeper.entropy)
        await grants.forget(tx, emails)
        await turns.forget(tx, emails)
        done = replace(done, messages=gone.messages, bodies=gone.bodies + large)
    if is_plan and not is_held:
        before = limit.since(keeper.past())
        await policies.forget_tokens(tx, before)
        await past.forget_known(tx, before)
        await outbound.forget_correspondents(tx, before)
    await store.move_cursor(tx, limit, end)
    return done


def _removal(keeper: Keeper, limit: Limit, end: int, request: str) -> Removal:
    what = {"through": end, "days": limit.days}
    rule = Rule.PLAN
    if limit.accounts is not None:
        return Removal(
            request=request,
            rule=Rule.POLICY,
            actor=HOUSE,
            at=keeper.clock(),
            what={**what, "accounts": list(limit.accounts)},
        )
    return Removal(request=request, rule=rule, actor=HOUSE, at=keeper.clock(), what=what)


async def _empty(keeper: Keeper, tenant: TenantId, months: Sequence[str]) -> list[str]:
    """Return the months of which no mail is there any more."""
    if not months:
        return []
    async with keeper.db.transaction(tenant) as tx:
        kept = await mail.months_within(tx, month_start(min(months)), month_end(max(months)))
    return [month for month in months if month not in kept]


async def destroy_months(keeper: Keeper, tenant: TenantId, plan_days: int, *, dry_run: bool = False) -> Expired:
    """Destroy the keys of months of which everything is old enough to go, unless a hold is in force.

    A month that mail still there is dated in stays, too: that mail came while the clock was behind. The entry that says
    so comes first. A hold that is placed between the two keeps them; the next run says it again.
    """
    keys = keeper.own.keys
    months = over(keys.names(tenant, Kind.EPOCH), plan_days, keeper.past())
    if not dry_run:  # which has left the mail there that would go
        months = await _empty(keeper, tenant, months)
    if not months:
        return Expired()
    removal = Removal(
        request=keeper.new_request(),
        rule=Rule.KEYS,
        actor=HOUSE,
        at=keeper.clock(),
        what={"months": list(months), "days": plan_days},
    )
    async with removing(keeper, tenant) as (tx, holds):
        if holds:
            return Expired()
        if not dry_run:
            await entries.say(tx, removal, entropy=keeper.entropy)
    if not dry_run:
        async with removing(keeper, tenant) as (_, holds):
            if holds:
                return Expired()
            for month in months:
                keys.destroy(tenant, Kind.EPOCH, month)
    return Expired(months=tuple(months))
