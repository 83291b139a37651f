"""Something to write and to count: a token somebody spent."""

from gatepost.db import Database
from gatepost.ids import TenantId

SPEND = (
    "insert into spent_token (tenant, account, sender, thread, at, tokens)"
    " values (%(tenant)s, 1, 'boss@example.org', 'th_1', now(), 1)"
)


async def spent(db: Database) -> int:
    """Return how many there are."""
    async with db.transaction(TenantId("tn_a")) as tx:
        return len(await tx.all("select tokens from spent_token where tenant = %(tenant)s"))
