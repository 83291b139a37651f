"""Announce a sub-processor, tell each tenant, engage it, withdraw it: each step a leaf, none to be skipped.

What the steps are and when they may be taken says ``notice``; how a tenant is told, ``telling``. Whoever is engaged
when a house's first look at its suppliers is stated was there before the log, and its leaf says so.
"""

from collections.abc import Iterable
from datetime import date, datetime

from gatepost.db import Database, Transaction
from gatepost.journey import House
from gatepost.record import trust_log
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import heads, notice, store, telling
from gatepost.trust.log_time import LogTime, Tick
from gatepost.trust.notice import Case
from gatepost.trust.registers import Supplier
from gatepost.trust.telling import Notice

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
            await state(tx, house, notice.ENGAGED, each.id, {"digest": notice.digest(each), "basis": "before_the_log"})
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
            await state(tx, house, notice.ANNOUNCED, supplier.id, {"digest": told, "region": supplier.region})
            case = await read(tx, supplier.id)
    await telling.tell_all(
        house,
        Notice(
            action=notice.ANNOUNCED,
            about=supplier.id,
            subject=notice.SUBJECT + supplier.id,
            digest=f"{told} {case.announced_at}",  # announced anew, it is told anew
            public={"digest": told, "region": supplier.region, "purpose": supplier.purpose[:200]},
        ),
    )
    async with house.db.transaction(TRUST) as tx:
        case = await read(tx, supplier.id)
        if case.noticed_at is None and not notice.is_engaged(case, supplier):
            await state(tx, house, notice.NOTICED, supplier.id, {"digest": told})
        return await read(tx, supplier.id)


async def engage(house: House, supplier: Supplier) -> Case:
    """Engage a supplier whose notice is over.

    Raises:
        NotYetError: it is not, or an objection is open.
    """
    async with house.db.transaction(TRUST) as tx:
        case = await read(tx, supplier.id)
        if notice.is_engaged(case, supplier):
            return case
        why = notice.obstacle(case, supplier, await log_time(tx, house.clock()))
        if why:
            raise NotYetError(why)
        await state(tx, house, notice.ENGAGED, supplier.id, {"digest": case.digest, "basis": "notice"})
        return await read(tx, supplier.id)


async def withdraw(house: House, supplier: str) -> None:
    """Take back an announcement, or end an engagement: from the next start on nobody connects there.

    Every customer is told. What comes later begins with an announcement of its own.

    Raises:
        NotYetError: nothing is announced or engaged.
    """
    async with house.db.transaction(TRUST) as tx:
        case = await read(tx, supplier)
        if not (case.announced_at or case.engaged):
            raise NotYetError("notice.never_given")
        await state(tx, house, notice.WITHDRAWN, supplier, {"digest": case.digest or case.engaged})
    told = {"digest": case.digest or case.engaged}
    subject, digest = notice.SUBJECT + supplier, f"withdrawn {case.digest} {house.clock()}"
    await telling.tell_all(
        house, Notice(action=notice.WITHDRAWN, about=supplier, subject=subject, digest=digest, public=told)
    )


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


async def log_time(tx: Transaction, now: datetime) -> LogTime:
    """Return the time by the trust log, as far back as notices are of interest; in a transaction of ``TRUST``."""
    ticks = await trust_log.stated(tx, await store.history(tx, heads.SUBJECT, limit=FACTS_MAX))
    return LogTime(now, [Tick(each.at, each.leaf_index) for each in ticks if each.leaf_index is not None])


async def state(tx: Transaction, house: House, action: str, supplier: str, detail: dict[str, Json]) -> None:
    """State one step about a supplier; in a transaction of ``TRUST``."""
    now = house.clock()
    fact = Fact(action=action, at=now, object_ref=supplier, detail=detail)
    (entry,) = await trust_log.state(tx, [fact], entropy=house.entropy)
    await store.add_fact(tx, entry, subject=notice.SUBJECT + supplier, outcome=action.partition(".")[2], at=now)
