"""The SQL of holds and of how far expiry has come. Written as the keeper's role, read also as the one that serves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from gatepost.db import Transaction
from gatepost.ids import AccountId
from gatepost.keys import KeyringError, Vault
from gatepost.mail.address import Address
from gatepost.record.entry import Leaf
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


async def every_hold(tx: Transaction) -> tuple[list[Hold], list[str]]:
    """Return all holds there ever were, oldest first, and the ids of those whose seal is broken."""
    query = "select * from legal_hold where tenant = %(tenant)s order by placed_at, id"
    found: list[Hold] = []
    broken: list[str] = []
    for row in await tx.all(query):
        try:
            found.append(_hold(tx.vault, row))
        except KeyringError:
            broken.append(row.id)
    return found, broken


async def told_holds(tx: Transaction) -> list[Leaf]:
    """Return the leaves that place and release legal holds, oldest first."""
    query = """
        select written.leaf from consequence as followed join entry as written on written.id = followed.entry
        where followed.tenant = %(tenant)s and followed.action in ('hold.place', 'hold.release')
        order by followed.entry
    """
    return [orjson.loads(row.leaf) for row in await tx.all(query)]


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


async def try_lock(tx: Transaction) -> bool:
    """Take the right to expire the tenant's mail and record until the transaction ends; False where it is taken."""
    query = "select pg_try_advisory_xact_lock(hashtextextended('retention ' || %(tenant)s, 0)) as is_ours"
    return bool((await tx.one(query)).is_ours)


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
