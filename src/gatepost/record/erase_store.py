"""The SQL of removing openings, for the keeper's role; PostgreSQL lets it remove none without ``insert_erasure``."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gatepost.db import Transaction
from gatepost.db.column import bigints, octets, texts
from gatepost.ids import AccountId, EmailId, EntryId, LeafIndex
from gatepost.record.entry import Leaf, timestamp

KEY_OCTETS = 8
NOBODY = bytes(KEY_OCTETS)
"""Stands in the head of a seal that is under no person's key."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the log, as far as forgetting must know it.

    Attributes:
        email: of a decision, the arrival decided on.
        subject: the id of the person's key its opening is sealed under, as it stands there; None where the opening is
            gone, ``NOBODY`` where it is about nobody in particular.
        action: of what is no decision.
    """

    index: LeafIndex
    entry: EntryId
    at: datetime
    account: AccountId | None
    email: EmailId | None
    subject: bytes | None
    action: str | None = None


async def places_from(tx: Transaction, start: int, limit: int) -> list[Place]:
    """Return the entries at the places from ``start`` on, in order."""
    query = """
        select placed.leaf_index, placed.entry, written.at, decided.email,
          coalesce(decided.account, followed.account) as account, substring(opened.sealed from 10 for 8) as subject,
          followed.action
        from (
          select leaf_index, entry from leaf where tenant = %(tenant)s and leaf_index >= %(start)s
          order by leaf_index limit %(limit)s
        ) as placed
        join entry as written on written.id = placed.entry
        left join opening as opened on opened.entry = placed.entry
        left join decision_row as decided on decided.entry = placed.entry
        left join consequence as followed on followed.entry = placed.entry
        order by placed.leaf_index
    """
    return [
        Place(
            LeafIndex(row.leaf_index),
            EntryId(row.entry),
            row.at,
            None if row.account is None else AccountId(row.account),
            None if row.email is None else EmailId(row.email),
            None if row.subject is None else bytes(row.subject),
            row.action,
        )
        for row in await tx.all(query, start=start, limit=limit)
    ]


_PLACE = """
    select placed.leaf_index, opened.entry, written.at, decided.email,
      coalesce(decided.account, followed.account) as account, substring(opened.sealed from 10 for 8) as subject
    from opening as opened
    join leaf as placed on placed.entry = opened.entry
    join entry as written on written.id = opened.entry
    left join decision_row as decided on decided.entry = opened.entry
    left join consequence as followed on followed.entry = opened.entry
    where opened.tenant = %(tenant)s
"""


async def places_of(tx: Transaction, keys: Sequence[bytes], limit: int) -> list[Place]:
    """Return entries whose openings are sealed under these persons' keys and have a place in the log, in order.

    An entry waits for the places of the other decisions on its message: they go with it (``places_about``).
    """
    query = f"""
        {_PLACE}
          and substring(opened.sealed from 10 for 8) = any(%(keys)s)
          and substring(opened.sealed from 10 for 8) <> '\\x0000000000000000'
          and not exists (
            select from decision_row as other left join leaf as there on there.entry = other.entry
            where other.tenant = %(tenant)s and other.email = decided.email and there.entry is null)
        order by placed.leaf_index limit %(limit)s
    """
    return [_place(row) for row in await tx.all(query, keys=octets(keys), limit=limit)]


async def places_about(tx: Transaction, emails: Sequence[EmailId]) -> list[Place]:
    """Return the entries about these messages that have an opening and a place in the log, whosever key seals it.

    What was decided on one recipient's copy names the others.
    """
    query = f"""
        {_PLACE} and opened.entry in (
          select entry from decision_row where tenant = %(tenant)s and email = any(%(emails)s)
          union all select entry from consequence where tenant = %(tenant)s and email = any(%(emails)s))
        order by placed.leaf_index
    """  # noqa: S608  # above
    return [_place(row) for row in await tx.all(query, emails=texts(emails))]


def _place(row: Any) -> Place:
    return Place(
        LeafIndex(row.leaf_index),
        EntryId(row.entry),
        row.at,
        None if row.account is None else AccountId(row.account),
        None if row.email is None else EmailId(row.email),
        bytes(row.subject),
    )


async def accounts_of(tx: Transaction, keys: Sequence[bytes]) -> set[AccountId]:
    """Return the mailboxes of entries sealed under these persons' keys, whether they have a place in the log or not."""
    query = """
        select distinct coalesce(decided.account, followed.account) as account
        from opening as opened
        left join decision_row as decided on decided.entry = opened.entry
        left join consequence as followed on followed.entry = opened.entry
        where opened.tenant = %(tenant)s and substring(opened.sealed from 10 for 8) = any(%(keys)s)
          and substring(opened.sealed from 10 for 8) <> '\\x0000000000000000'
    """
    rows = await tx.all(query, keys=octets(keys))
    return {AccountId(row.account) for row in rows if row.account is not None}


async def emails_under(tx: Transaction, keys: Sequence[bytes], emails: Sequence[EmailId]) -> set[EmailId]:
    """Return those of the messages that have an opening sealed under these persons' keys."""
    query = """
        select decided.email from decision_row as decided join opening as opened on opened.entry = decided.entry
        where decided.tenant = %(tenant)s and decided.email = any(%(emails)s)
          and substring(opened.sealed from 10 for 8) = any(%(keys)s)
    """
    return {EmailId(row.email) for row in await tx.all(query, keys=octets(keys), emails=texts(emails))}


async def count_openings(tx: Transaction, keys: Sequence[bytes]) -> int:
    """Return how many openings are sealed under these persons' keys, whether they have a place in the log or not."""
    query = """
        select count(*) as count from opening
        where tenant = %(tenant)s and substring(sealed from 10 for 8) = any(%(keys)s)
          and substring(sealed from 10 for 8) <> '\\x0000000000000000'
    """
    return int((await tx.one(query, keys=octets(keys))).count)


async def insert_erasure(tx: Transaction, entry: EntryId, *, request: str, rule: str, at: datetime) -> None:
    """Note that this transaction's entry says what it removes; from here to its end it may."""
    query = """
        insert into erasure (tenant, entry, request, rule, at)
        values (%(tenant)s, %(entry)s, %(request)s, %(rule)s, %(at)s)
    """
    await tx.run(query, entry=entry, request=request, rule=rule, at=at)


async def put_back_erasures(tx: Transaction) -> int:
    """Remember the removals that entries tell of and ``erasure`` does not, as after a restore; return how many.

    For the keeper's role alone. They let nobody remove anything.
    """
    return int((await tx.one("select keeper_remember_erasures() as count")).count)


async def delete_openings(tx: Transaction, entries: Sequence[EntryId]) -> int:
    """Remove openings; return how many there were."""
    query = "delete from opening where tenant = %(tenant)s and entry = any(%(entries)s)"
    return await tx.run(query, entries=bigints(entries))


async def answered(tx: Transaction, requests: Collection[str]) -> set[str]:
    """Return which of these requests have an entry."""
    query = "select distinct request from erasure where tenant = %(tenant)s and request = any(%(requests)s::text[])"
    return {row.request for row in await tx.all(query, requests=list(requests))}


async def persons_erased(tx: Transaction) -> set[str]:
    """Return the requests that were answered by erasing a person."""
    query = "select distinct request from erasure where tenant = %(tenant)s and rule = 'person'"
    return {row.request for row in await tx.all(query)}


async def erasure_leaves(tx: Transaction) -> list[Leaf]:
    """Return the leaves of everything that was removed, oldest first."""
    query = """
        select leaf from entry where tenant = %(tenant)s and kind = 'erasure'
          and id in (select entry from erasure where tenant = %(tenant)s) order by id
    """
    return [_read(row.leaf) for row in await tx.all(query)]


async def accepted(tx: Transaction) -> list[tuple[str, EntryId]]:
    """Return when older key stores were accepted, as leaves spell it, and by which entries."""
    query = """
        select entry.id, entry.leaf from consequence as followed join entry on entry.id = followed.entry
        where followed.tenant = %(tenant)s and followed.action = 'keys.accept'
    """
    found = [(_read(row.leaf).get("ts"), EntryId(row.id)) for row in await tx.all(query)]
    return [(at, entry) for at, entry in found if isinstance(at, str)]


def _read(octets: bytes | None) -> Leaf:
    """Return the fields of a removal's leaf; none where it was changed into what cannot be read, or is gone."""
    try:
        leaf = orjson.loads(octets or b"{}")
    except ValueError:
        return {}
    return leaf if isinstance(leaf, dict) and isinstance(leaf.get("detail"), dict) else {}


async def misremembered(tx: Transaction) -> list[tuple[EntryId, str]]:
    """Return which rows of ``erasure`` say another thing than their entries' leaves, and which column does."""
    query = """
        select erasure.entry, erasure.request, erasure.rule, erasure.at, written.leaf
        from erasure left join entry as written on written.id = erasure.entry and written.kind = 'erasure'
        where erasure.tenant = %(tenant)s order by erasure.entry
    """
    found: list[tuple[EntryId, str]] = []
    for row in await tx.all(query):
        leaf = _read(row.leaf)
        said = {"entry": row.entry, "request": row.request, "rule": row.rule, "at": timestamp(row.at)}
        wanted = {"entry": leaf.get("seq"), "request": leaf.get("object_ref"), "at": leaf.get("ts")}
        wanted["rule"] = (leaf.get("detail") or {}).get("rule")
        wrong = next((name for name, value in said.items() if value != wanted[name]), None)
        if wrong is not None:
            found.append((EntryId(row.entry), wrong))
    return found


async def unremembered(tx: Transaction) -> list[EntryId]:
    """Return the entries of something removed that ``erasure`` does not know."""
    query = """
        select id from entry where tenant = %(tenant)s and kind = 'erasure'
          and not exists (select from erasure where erasure.tenant = entry.tenant and erasure.entry = entry.id)
        order by id
    """
    return [EntryId(row.id) for row in await tx.all(query)]
