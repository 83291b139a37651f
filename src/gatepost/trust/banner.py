"""What a customer should be shown until it is over or answered: sub-processors to come, texts to agree to."""

from dataclasses import dataclass
from datetime import datetime

from gatepost import access
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.record.trust_log import TRUST
from gatepost.trust import agreeing, engagement, log_time, notice, objection, store, terms
from gatepost.trust.agreeing import Put


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A sub-processor that is announced and not engaged.

    Attributes:
        runs_from: when every customer had been told, by a signed head; None before.
        ends_at: when it may be engaged at the earliest; None where that cannot be said yet.
        may_object: whether this customer's plan may.
        objection: the reference of its open objection; empty for none.
    """

    supplier: str
    digest: str
    announced_at: datetime | None
    runs_from: datetime | None
    ends_at: datetime | None
    may_object: bool
    objection: str


async def coming(db: Database, tenant: TenantId) -> list[Coming]:
    """Return the sub-processors to come."""
    async with db.transaction(tenant) as tx:
        owner = await access.tenant(tx)
    async with db.transaction(TRUST) as tx:
        names = [each.removeprefix(notice.SUBJECT) for each in await store.subjects(tx, notice.SUBJECT)]
        cases = {each: await engagement.read(tx, each) for each in names}
    may_object = owner is not None and objection.may_object(owner)
    return [
        Coming(
            supplier=name,
            digest=case.digest,
            announced_at=case.announced_at,
            runs_from=case.noticed_at,
            ends_at=None if case.noticed_at is None else case.noticed_at + log_time.CLOCK,
            may_object=may_object,
            objection=await objection.open_of(db, tenant, name) if may_object else "",
        )
        for name, case in cases.items()
        if case.is_pending
    ]


async def unanswered(db: Database, tenant: TenantId) -> list[Put]:
    """Return the texts this customer has said nothing to yet."""
    return [each for each in await agreeing.put_to(db, tenant) if each.standing is terms.Standing.TOLD]
