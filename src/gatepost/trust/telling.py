"""Tell every customer something: by an entry of its own record, and by mail to each of its owners.

The record's audit API, events and exports carry the entry to the customer, and it is the delivery. What became of a
mail is an entry too (``courier``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatepost import access, record
from gatepost.access.paper import Person, Role, Tenant
from gatepost.db import Database, Transaction
from gatepost.ids import EntryId, TenantId
from gatepost.jobs import Promise
from gatepost.journey import House
from gatepost.record.paper import Consequence, Json, Kind
from gatepost.trust import store
from gatepost.trust.paper import OWN_PLANS

MAIL = "notice.mail"
"""The kind of the promise to mail one owner what an entry says."""
OWNERS_MAX = 20
HOUSE = "house"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What to tell. ``digest`` tells whether a tenant was told exactly this before."""

    action: str
    about: str
    subject: str
    digest: str
    public: Mapping[str, Json]


async def customers(db: Database) -> list[Tenant]:
    """Return the tenants that are somebody's: not the house's own."""
    return [each for each in await access.list_tenants(db) if each.plan not in OWN_PLANS]


async def tell_all(house: House, notice: Notice) -> None:
    """Tell every customer, each once; done again, it goes on where it was interrupted."""
    for each in await customers(house.db):
        async with house.db.transaction(each.id) as tx:
            await _tell(tx, house, notice)


async def _tell(tx: Transaction, house: House, notice: Notice) -> None:
    if await store.is_stated(tx, notice.subject, notice.digest):
        return
    entry = await note(tx, house, notice.action, notice.about, notice.public)
    await store.add_fact(tx, entry, subject=notice.subject, outcome=notice.digest, at=house.clock())
    owners = [person for person in await access.list_people(tx) if is_told(person)][:OWNERS_MAX]
    letters = [Promise(MAIL, f"{entry} {each.id}", {"entry": int(entry), "person": each.id}) for each in owners]
    await house.jobs.enqueue_all(tx, letters)


def is_told(person: Person) -> bool:
    """Tell whether notices to a tenant are mailed to this person."""
    return person.role is Role.OWNER


async def note(
    tx: Transaction,
    house: House,
    action: str,
    about: str,
    public: Mapping[str, Json],
    *,
    actor: str = HOUSE,
    private: Mapping[str, Json] | None = None,
) -> EntryId:
    """Write an entry of the transaction's tenant."""
    act = Consequence(
        kind=Kind.ACT,
        action=action,
        actor=actor,
        at=house.clock(),
        object_ref=about,
        public=public,
        private=private or {},
    )
    return await record.note(tx, act, entropy=house.entropy)


async def is_customer(db: Database, tenant: TenantId) -> bool:
    """Tell whether a tenant is one of the customers."""
    return any(each.id == tenant for each in await customers(db))


async def note_own(
    house: House,
    action: str,
    about: str,
    public: Mapping[str, Json],
    private: Mapping[str, Json] | None = None,
    *,
    actor: str = "",
) -> int:
    """Write an entry of the house's own record: that of its first tenant, who runs it. A house without one has none.

    Returns the entry, 0 where there is none.
    """
    tenants = await access.list_tenants(house.db)
    if not tenants:
        return 0
    async with house.db.transaction(tenants[0].id) as tx:
        return await note(tx, house, action, about, public, actor=actor or about, private=private)
