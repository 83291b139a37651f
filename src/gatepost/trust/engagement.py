"""Announce a sub-processor, tell each tenant, hear objections, engage it: each step a leaf, none to be skipped.

What the steps are and when they may be taken says ``notice``. A tenant is told by an entry of its own record, which
its audit API, its events and its exports carry to it. Whoever is engaged when a house's first look at its suppliers
is stated was there before the log, and its leaf says so.
"""

from collections.abc import Iterable
from datetime import date, datetime

from gatepost import access, record
from gatepost.access.paper import Tenant
from gatepost.db import Database, Transaction
from gatepost.ids import EntryId, TenantId, token
from gatepost.journey import House
from gatepost.record import trust_log
from gatepost.record.paper import Consequence, Json, Kind
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import notice, store
from gatepost.trust.notice import Case
from gatepost.trust.paper import OWN_PLANS
from gatepost.trust.registers import Supplier

FACTS_MAX = 10_000
_FIRST = "@subprocessors"


class NotYetError(Exception):
    """A step cannot be taken now; ``reason`` as ``subject.fact``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def read(tx: Transaction, supplier: str) -> Case:
    """Return how far a supplier has come; in a transaction of ``TRUST``."""
    entries = await store.history(tx, notice.SUBJECT + supplier, limit=FACTS_MAX)
    return notice.case_of(await trust_log.stated(tx, sorted(entries)))


async def read_all(db: Database, suppliers: Iterable[Supplier]) -> dict[str, Case]:
    """Return how far each supplier has come, by its id."""
    async with db.transaction(TRUST) as tx:
        return {each.id: await read(tx, each.id) for each in suppliers}


async def adopt(house: House, suppliers: Iterable[Supplier]) -> None:
    """State, once in a house's life, who was engaged before its log began; later this does nothing."""
    now = house.clock()
    async with house.db.transaction(TRUST) as tx:
        await store.lock_challenges(tx)
        if await store.history(tx, _FIRST, limit=1):
            return
        present = [each for each in suppliers if each.processes and each.engaged_on <= now.date()]
        for each in present:
            await _state(tx, house, notice.ENGAGED, each.id, {"digest": notice.digest(each), "basis": "before_the_log"})
        first = Fact(action="subprocessors.adopted", at=now, object_ref="suppliers", detail={"count": len(present)})
        (entry,) = await trust_log.state(tx, [first], entropy=house.entropy)
        await store.add_fact(tx, entry, subject=_FIRST, outcome="adopted", at=now)


async def announce(house: House, supplier: Supplier) -> Case:
    """Announce a supplier and tell every customer; done again, it goes on where it was interrupted.

    The clock starts with the leaf that says that all were told, not with this one.
    """
    told = notice.digest(supplier)
    async with house.db.transaction(TRUST) as tx:
        case = await read(tx, supplier.id)
        if case.digest != told:
            await _state(tx, house, notice.ANNOUNCED, supplier.id, {"digest": told, "region": supplier.region})
    customers = await _customers(house.db)
    for each in customers:
        await _tell(house, each.id, supplier, told)
    async with house.db.transaction(TRUST) as tx:
        case = await read(tx, supplier.id)
        if case.noticed_at is None and not notice.is_engaged(case, supplier):
            await _state(tx, house, notice.NOTICED, supplier.id, {"digest": told})
        return await read(tx, supplier.id)


def may_object(tenant: Tenant) -> bool:
    """Tell whether a tenant's plan lets it object; the others are told, and may leave."""
    return tenant.plan in notice.ENTITLED_PLANS


async def object_to(house: House, tenant: Tenant, supplier: Supplier) -> str:
    """Take an entitled tenant's objection; return its reference, which tells nobody who objected.

    Raises:
        NotYetError: its plan may not object, or nothing was announced that is not engaged.
    """
    if not may_object(tenant):
        raise NotYetError("objection.plan")
    reference = token("ob", house.entropy(10))
    async with house.db.transaction(TRUST) as tx:
        case = await read(tx, supplier.id)
        if case.announced_at is None or notice.is_engaged(case, supplier):
            raise NotYetError("notice.never_given")
        await _state(tx, house, notice.OBJECTED, supplier.id, {"objection": reference})
    async with house.db.transaction(tenant.id) as tx:
        await _note(tx, house, notice.OBJECTED, supplier, {"objection": reference})
    return reference


async def settle(house: House, tenant: Tenant, supplier: Supplier, objection: str, outcome: str) -> None:
    """State how an objection ended.

    Raises:
        NotYetError: it is not open, or ends in no way an objection can.
    """
    if outcome not in notice.OUTCOMES:
        raise NotYetError("objection.outcome")
    async with house.db.transaction(TRUST) as tx:
        if objection not in (await read(tx, supplier.id)).objections:
            raise NotYetError("objection.unknown")
        await _state(tx, house, notice.SETTLED, supplier.id, {"objection": objection, "outcome": outcome})
    async with house.db.transaction(tenant.id) as tx:
        await _note(tx, house, notice.SETTLED, supplier, {"objection": objection, "outcome": outcome})


async def engage(house: House, supplier: Supplier) -> Case:
    """Engage a supplier whose notice is over.

    Raises:
        NotYetError: it is not, or an objection is open.
    """
    async with house.db.transaction(TRUST) as tx:
        case = await read(tx, supplier.id)
        if notice.is_engaged(case, supplier):
            return case
        why = notice.obstacle(case, supplier, await _youngest(tx))
        if why:
            raise NotYetError(why)
        await _state(tx, house, notice.ENGAGED, supplier.id, {"digest": case.digest, "basis": "notice"})
        return await read(tx, supplier.id)


async def barred(db: Database, suppliers: Iterable[Supplier], today: date) -> frozenset[str]:
    """Return the hosts nobody may connect to yet: those of processors that are not engaged as they stand."""
    hosts: set[str] = set()
    async with db.transaction(TRUST) as tx:
        is_adopted = bool(await store.history(tx, _FIRST, limit=1))
        for each in suppliers:
            if not each.processes or not each.hosts:
                continue
            is_engaged = notice.is_engaged(await read(tx, each.id), each) if is_adopted else each.engaged_on <= today
            if not is_engaged:
                hosts |= {host.lower() for host in each.hosts}
    return frozenset(hosts)


async def _youngest(tx: Transaction) -> datetime | None:
    """Return the time of the youngest fact in a signed head, of those that are newest about something."""
    facts = await trust_log.stated(tx, list((await store.newest(tx)).values()))
    return max((each.at for each in facts if each.leaf_index is not None), default=None)


async def _customers(db: Database) -> list[Tenant]:
    return [each for each in await access.list_tenants(db) if each.plan not in OWN_PLANS]


async def _tell(house: House, tenant: TenantId, supplier: Supplier, told: str) -> None:
    async with house.db.transaction(tenant) as tx:
        if await store.is_stated(tx, notice.SUBJECT + supplier.id, told):
            return
        public: dict[str, Json] = {"digest": told, "region": supplier.region, "purpose": supplier.purpose[:200]}
        entry = await _note(tx, house, notice.ANNOUNCED, supplier, public)
        await store.add_fact(tx, entry, subject=notice.SUBJECT + supplier.id, outcome=told, at=house.clock())


async def _note(tx: Transaction, house: House, action: str, supplier: Supplier, public: dict[str, Json]) -> EntryId:
    act = Consequence(
        kind=Kind.ACT, action=action, actor="house", at=house.clock(), object_ref=supplier.id, public=public
    )
    return await record.note(tx, act, entropy=house.entropy)


async def _state(tx: Transaction, house: House, action: str, supplier: str, detail: dict[str, Json]) -> None:
    now = house.clock()
    fact = Fact(action=action, at=now, object_ref=supplier, detail=detail)
    (entry,) = await trust_log.state(tx, [fact], entropy=house.entropy)
    await store.add_fact(tx, entry, subject=notice.SUBJECT + supplier, outcome=action.partition(".")[2], at=now)
