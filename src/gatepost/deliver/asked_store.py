"""Who was mailed about which hold: SQL only."""

from collections.abc import Sequence
from datetime import datetime

from gatepost.db import Transaction
from gatepost.db.column import texts
from gatepost.ids import AccountId, HoldId, PersonId


async def untold(tx: Transaction, account: AccountId, person: PersonId) -> list[HoldId]:
    """Return what waits in a mailbox and this person was not mailed about, oldest first."""
    query = """
        select id from hold
        where tenant = %(tenant)s and account = %(account)s and state = 'waiting' and not exists (
          select from hold_asked
          where hold_asked.tenant = %(tenant)s and hold_asked.account = %(account)s and person = %(person)s
            and hold_asked.hold = hold.id)
        order by held_at, id
    """
    return [HoldId(row.id) for row in await tx.all(query, account=account, person=person)]


async def mails(tx: Transaction, account: AccountId, person: PersonId, *, since: datetime) -> list[datetime]:
    """Return when this person was mailed about this mailbox since then, the last first."""
    query = """
        select distinct at from hold_asked
        where tenant = %(tenant)s and account = %(account)s and person = %(person)s and at > %(since)s
        order by at desc
    """
    return [row.at for row in await tx.all(query, account=account, person=person, since=since)]


async def add(tx: Transaction, account: AccountId, person: PersonId, holds: Sequence[HoldId], *, at: datetime) -> None:
    """Remember one mail about these."""
    query = """
        insert into hold_asked (tenant, account, person, hold, at)
        select %(tenant)s, %(account)s, %(person)s, hold, %(at)s from unnest(%(holds)s) as given (hold)
        on conflict do nothing
    """
    await tx.run(query, account=account, person=person, holds=texts(holds), at=at)
