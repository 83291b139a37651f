"""Facts about one subject in the public trust log: state one, read them back. What they mean is folded elsewhere."""

from datetime import datetime

from gatepost.clock import Entropy
from gatepost.db import Database, Transaction
from gatepost.ids import EntryId
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Fact, Stated
from gatepost.trust import status_store, store

FACTS_MAX = 10_000


async def state(db: Database, prefix: str, fact: Fact, *, entropy: Entropy) -> EntryId:
    """State one fact about ``fact.object_ref``, to be found under ``prefix``."""
    async with db.transaction(TRUST) as tx:
        return await state_in(tx, prefix, fact, entropy=entropy)


async def state_in(tx: Transaction, prefix: str, fact: Fact, *, entropy: Entropy) -> EntryId:
    """State one fact, in a transaction of ``TRUST``."""
    (entry,) = await trust_log.state(tx, [fact], entropy=entropy)
    await store.add_fact(tx, entry, subject=prefix + fact.object_ref, outcome=fact.action, at=fact.at)
    return entry


async def facts_in(tx: Transaction, prefix: str, since: datetime) -> list[Stated]:
    """Return every fact of the subjects under ``prefix`` of which one was stated since then, oldest first."""
    return await trust_log.stated(tx, await status_store.incidents(tx, prefix, since, FACTS_MAX))


async def facts(db: Database, prefix: str, since: datetime) -> list[Stated]:
    """Return the same, in a transaction of its own."""
    async with db.transaction(TRUST) as tx:
        return await facts_in(tx, prefix, since)


async def facts_of(tx: Transaction, subject: str) -> list[Stated]:
    """Return every fact about one subject, however old, oldest first."""
    return await trust_log.stated(tx, sorted(await store.history(tx, subject, limit=FACTS_MAX)))
