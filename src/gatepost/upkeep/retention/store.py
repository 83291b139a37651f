"""The SQL of holds and of how far expiry has come. Written as the keeper's role, read also as the one that serves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from psycopg.errors import LockNotAvailable

from gatepost.db import Transaction
from gatepost.ids import AccountId, EntryId
from gatepost.keys import KeyringError, Vault
from gatepost.mail.address import Address
from gatepost.record.entry import Leaf, legible
from gatepost.upkeep.retention.limits import Limit
from gatepost.upkeep.retention.paper import Hold, Scope


async def insert_hold(tx: Transaction, hold: Hold) -> None:
    """Write a hold."""
    query = """
        insert into legal_hold (tenant, id, account, subject, sealed, placed_at, placed_by)
        values (%(tenant)s, %(id)s, %(account)s, %(subject)s, %(sealed)s, %(at)s, %(by)s)
    """
    person = None if hold.scope.person is None else str(hold.scope.person)
    sealed = tx.vault.seal_lasting(_place(hold.id), orjson.dumps({"reason": hold.reason, "person": person}))
    values = {"account": hold.scope.account, "subject": hold.subject, "at": hold.placed_at, "by": hold.placed_by}
    await tx.run(query, id=hold.id, sealed=sealed, **values)


async def release_hold(tx: Transaction, identifier: str, at: datetime) -> bool:
    """End a hold; False where there is none of that id, or it was released already."""
    query = """
        update legal_hold set released_at = %(at)s
        where tenant = %(tenant)s and id = %(id)s and released_at is null
    """
    return bool(await tx.run(query, id=identifier, at=at))


async def holds(tx: Transaction, *, released: bool = False) -> list[Hold]:
    """Return the holds in force, or all there ever were, oldest first."""
    query = """
        select * from legal_hold where tenant = %(tenant)s and (released_at is null or %(released)s)
        order by placed_at, id
    """
    return [_hold(tx.vault, row) for row in await tx.all(query, released=released)]


class Ledger(NamedTuple):
    """What table and log say of the tenant's legal holds at one moment, both oldest first.

    Attributes:
        rows: every hold there ever was; without those whose seal is broken.
        broken: the ids of these.
        leaves: what places and releases holds.
        illegible: the entries of which the tables do not say what they place or release.
    """

    rows: list[Hold]
    broken: list[str]
    leaves: list[Leaf]
    illegible: list[EntryId]

    @property
    def in_force(self) -> list[Hold]:
        """The holds that the table says are in force."""
        return [hold for hold in self.rows if hold.released_at is None]


async def ledger(tx: Transaction) -> Ledger:
    """Return what table and log say of holds: in one statement, so that one placed meanwhile is in both or neither."""
    query = """
        select null::bytea as leaf, null::bigint as entry,
          id, account, subject, sealed, placed_at, placed_by, released_at
        from legal_hold where tenant = %(tenant)s
        union all
        select written.leaf, followed.entry, null, null, null, null, null, null, null
        from consequence as followed join entry as written on written.id = followed.entry
        where followed.tenant = %(tenant)s and followed.action in ('hold.place', 'hold.release')
        order by placed_at, id, entry
    """
    found = Ledger([], [], [], [])
    for row in await tx.all(query):
        if row.entry is not None:
            leaf = legible(row.leaf)
            if leaf is None:
                found.illegible.append(EntryId(row.entry))
            else:
                found.leaves.append(leaf)
            continue
        try:
            found.rows.append(_hold(tx.vault, row))
        except KeyringError:
            found.broken.append(row.id)
    return found


def _place(identifier: str) -> str:
    return f"legal_hold/{identifier}"


def _hold(vault: Vault, row: Any) -> Hold:
    content = orjson.loads(vault.open(_place(row.id), bytes(row.sealed)))
    person = None if content["person"] is None else Address.parse(content["person"])
    return Hold(
        id=row.id,
        scope=Scope(None if row.account is None else AccountId(row.account), person),
        reason=content["reason"],
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        released_at=row.released_at,
        subject=row.subject,
    )


async def lock(tx: Transaction, within_s: int = 0) -> bool:
    """Be the only one who removes of the tenant's, or says what must stay, until the transaction ends.

    Always the first thing a transaction does, so that nobody waits for it who has something others wait for.
    PostgreSQL lets whoever waits longest go first.

    Args:
        tx: the transaction; after False it can do nothing more.
        within_s: how long to wait; 0: as for any answer.
    """
    tx.send("select set_config('lock_timeout', %(wait)s, true)", wait=f"{within_s}s")
    try:
        await tx.one("select pg_advisory_xact_lock(hashtextextended('retention ' || %(tenant)s, 0))")
    except LockNotAvailable:
        return False
    return True


async def cursor(tx: Transaction, limit: Limit) -> int:
    """Return where to go on for a limit: from the log's beginning where it is new, or concerns another account too."""
    query = """
        select next_index from retention_cursor
        where tenant = %(tenant)s and days = %(days)s and part = %(part)s
          and accounts is not distinct from %(accounts)s::bigint[]
    """
    row = await tx.maybe(query, days=limit.days, part=limit.part, accounts=_accounts(limit))
    return 0 if row is None else int(row.next_index)


async def move_cursor(tx: Transaction, limit: Limit, next_index: int) -> None:
    """Remember where to go on."""
    query = """
        insert into retention_cursor (tenant, days, part, accounts, next_index)
        values (%(tenant)s, %(days)s, %(part)s, %(accounts)s::bigint[], %(next_index)s)
        on conflict (tenant, days, part) do update set accounts = excluded.accounts, next_index = excluded.next_index
    """
    await tx.run(query, days=limit.days, part=limit.part, accounts=_accounts(limit), next_index=next_index)


def _accounts(limit: Limit) -> Sequence[int] | None:
    return None if limit.accounts is None else list(limit.accounts)


async def begin_anew(tx: Transaction) -> None:
    """Look at everything once more: what was held may be old enough to go."""
    await tx.run("delete from retention_cursor where tenant = %(tenant)s")
