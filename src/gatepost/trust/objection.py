"""A customer's objection to a sub-processor: heard, settled, and where it ends so, kept away from its data.

The public log has the objection under a reference that tells nobody whose it is; the customer's own record has both.
"""

from collections.abc import Iterable

from gatepost.access.paper import Tenant
from gatepost.db import Database, Transaction
from gatepost.ids import TenantId, token
from gatepost.journey import House
from gatepost.record.trust_log import TRUST
from gatepost.trust import engagement, notice, store, telling
from gatepost.trust.engagement import NotYetError
from gatepost.trust.registers import Supplier


def may_object(tenant: Tenant) -> bool:
    """Tell whether a tenant's plan lets it object; the others are told, and may leave."""
    return tenant.plan in notice.ENTITLED_PLANS


async def raise_(house: House, tenant: Tenant, supplier: str, *, actor: str = telling.HOUSE) -> str:
    """Take an entitled tenant's objection to what is announced; return its reference. One that is open stays.

    Raises:
        NotYetError: its plan may not object, or nothing is announced that is not engaged.
    """
    if not may_object(tenant):
        raise NotYetError("objection.plan")
    async with house.db.transaction(TRUST) as tx:
        case = await engagement.read(tx, supplier)
    if not case.is_pending:
        raise NotYetError("notice.never_given")
    async with house.db.transaction(tenant.id) as tx:
        mine = await _references(tx, supplier)
        reference = next((each for each in mine if each in case.objections), "")
        if not reference:
            reference = token("ob", house.entropy(10))
            entry = await telling.note(tx, house, notice.OBJECTED, supplier, {"objection": reference}, actor=actor)
            await store.add_fact(tx, entry, subject=notice.OBJECTION + supplier, outcome=reference, at=house.clock())
    if reference not in case.objections:
        async with house.db.transaction(TRUST) as tx:
            await engagement.state(tx, house, notice.OBJECTED, supplier, {"objection": reference})
    return reference


async def settle(
    house: House, tenant: Tenant, supplier: str, outcome: str, *, actor: str = telling.HOUSE, how: str = ""
) -> str:
    """State how a tenant's open objection ended; return its reference. Interrupted, it ends as the record has it.

    Args:
        house: what it stands on.
        tenant: whose objection it is.
        supplier: what it is about.
        outcome: one of ``notice.OUTCOMES``.
        actor: who settles it, for the tenant's record.
        how: the alternative offered, in words, for the tenant's record alone.

    Raises:
        NotYetError: it has none open, or an objection ends in no such way.
    """
    if outcome not in notice.OUTCOMES:
        raise NotYetError("objection.outcome")
    async with house.db.transaction(TRUST) as tx:
        open_ = (await engagement.read(tx, supplier)).objections
    async with house.db.transaction(tenant.id) as tx:
        reference = next((each for each in await _references(tx, supplier) if each in open_), "")
        if not reference:
            raise NotYetError("objection.unknown")
        ended = await _ended(tx, supplier)
        public = {"objection": reference, "outcome": ended.get(reference, outcome)}
        if reference not in ended:
            private = {"how": how} if how else {}
            entry = await telling.note(
                tx, house, notice.SETTLED, supplier, {**public}, actor=actor, private={**private}
            )
            is_excluded = outcome == notice.EXCLUDED
            subject = (notice.EXCLUSION if is_excluded else notice.SETTLEMENT) + supplier
            fact = reference if is_excluded else f"{reference} {outcome}"
            await store.add_fact(tx, entry, subject=subject, outcome=fact, at=house.clock())
    async with house.db.transaction(TRUST) as tx:
        await engagement.state(tx, house, notice.SETTLED, supplier, {**public})
    return reference


async def open_of(db: Database, tenant: TenantId, supplier: str) -> str:
    """Return the reference of a tenant's open objection; empty where it has none."""
    async with db.transaction(TRUST) as tx:
        open_ = (await engagement.read(tx, supplier)).objections
    async with db.transaction(tenant) as tx:
        return next((each for each in await _references(tx, supplier) if each in open_), "")


async def excluded(db: Database, suppliers: Iterable[Supplier]) -> dict[TenantId, frozenset[str]]:
    """Return the hosts that single tenants' data never go to.

    Tenants are asked only about suppliers of which the log says that some tenant is excluded from them.
    """
    async with db.transaction(TRUST) as tx:
        asked = [each for each in suppliers if each.hosts and (await engagement.read(tx, each.id)).has_exclusions]
    found: dict[TenantId, frozenset[str]] = {}
    for tenant in await telling.customers(db) if asked else ():
        async with db.transaction(tenant.id) as tx:
            kept_away = [each for each in asked if await store.history(tx, notice.EXCLUSION + each.id, limit=1)]
        if kept_away:
            found[tenant.id] = frozenset(host.lower() for each in kept_away for host in each.hosts)
    return found


async def _ended(tx: Transaction, supplier: str) -> dict[str, str]:
    """Return how the record of the transaction's tenant says that objections ended, by reference."""
    excluded = {reference: notice.EXCLUDED for reference, _ in await store.outcomes(tx, notice.EXCLUSION + supplier)}
    otherwise = [found.partition(" ") for found, _ in await store.outcomes(tx, notice.SETTLEMENT + supplier)]
    return excluded | {reference: outcome for reference, _, outcome in otherwise}


async def _references(tx: Transaction, supplier: str) -> list[str]:
    return [reference for reference, _ in await store.outcomes(tx, notice.OBJECTION + supplier)]
