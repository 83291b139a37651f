"""The record's SQL for what is accepted and shown: entries, openings, rows, refusals. The log's is in ``log_store``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import structlog
from psycopg.types.json import Jsonb

from gatepost.db import Database, Transaction
from gatepost.db.column import bigints, octets, texts, times
from gatepost.ids import AccountId, EmailId, EntryId, LeafIndex, TenantId, ThreadId
from gatepost.keys import ErasedError, KeyringError, SealBrokenError, Vault
from gatepost.record.entry import Draft, Leaf

Opening = Mapping[str, Mapping[str, Any]]

log = structlog.get_logger()


class Columns(NamedTuple):
    """What an entry is found by; those of a decision have a ``direction``, those of a consequence none."""

    account: AccountId | None = None
    email: EmailId | None = None
    thread: ThreadId | None = None
    in_reply_to: EmailId | None = None
    direction: str | None = None
    disposition: str | None = None
    outcome: str | None = None
    reason: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One entry as it lies in the tables; ``opening`` is None once it was erased, or, of a list, ``is_unreadable``."""

    entry: EntryId
    leaf: Leaf
    opening: Opening | None
    leaf_index: LeafIndex | None = None
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry's exact octets, and its place in the log if it has one."""

    entry: EntryId
    leaf: bytes
    leaf_index: LeafIndex | None


async def draw_numbers(tx: Transaction, count: int) -> list[EntryId]:
    """Return the numbers of entries to come, ascending; one that is not used is never missed."""
    rows = await tx.all("select nextval('entry_id') as id from generate_series(1, %(count)s)", count=count)
    return [EntryId(row.id) for row in rows]


async def append(
    tx: Transaction, drafts: Sequence[tuple[Draft, Columns]], numbers: Sequence[EntryId] = ()
) -> list[EntryId]:
    """Write entries with their openings and rows along with what is asked next; return ``numbers``, or those drawn."""
    query = """
        with incoming as materialized (
          select * from unnest(%(numbers)s, %(kinds)s, %(times)s, %(heads)s, %(middles)s, %(tails)s, %(follows)s,
            %(refs)s, %(sealed)s, %(accounts)s, %(emails)s, %(threads)s, %(answers)s, %(directions)s, %(dispositions)s,
            %(outcomes)s, %(reasons)s, %(actions)s)
          as given (id, kind, at, head, middle, tail, follows, ref, sealed, account, email, thread, in_reply_to,
            direction, disposition, outcome, reason, action)
        ), entries as (
          insert into entry (id, tenant, kind, at, leaf)
          select id, %(tenant)s, kind, at, head || convert_to(coalesce((
              select max(decided.entry) from decision_row as decided
              where decided.tenant = %(tenant)s and decided.email = incoming.follows
            )::text, 'null'), 'UTF8') || middle || convert_to(id::text, 'UTF8') || tail
          from incoming
        ), openings as (
          insert into opening (entry, tenant, ref, sealed)
          select id, %(tenant)s, ref, sealed from incoming
        ), decisions as (
          insert into decision_row (entry, tenant, account, email, thread, in_reply_to, direction, disposition,
            outcome, reason, received_at)
          select id, %(tenant)s, account, email, thread, in_reply_to, direction, disposition, outcome, reason, at
          from incoming where direction is not null
        ), consequences as (
          insert into consequence (entry, tenant, account, email, kind, action)
          select id, %(tenant)s, account, email, kind, action from incoming where direction is null
        )
        insert into unsequenced (entry, tenant) select id, %(tenant)s from incoming
    """
    vault = tx.vault
    drawn = list(numbers) or await draw_numbers(tx, len(drafts))
    columns = [columns for _, columns in drafts]
    tx.send(
        query,
        numbers=bigints(drawn),
        kinds=texts([draft.kind for draft, _ in drafts]),
        times=times([draft.at for draft, _ in drafts]),
        heads=octets([draft.pieces[0] for draft, _ in drafts]),
        middles=octets([draft.pieces[1] for draft, _ in drafts]),
        tails=octets([draft.pieces[2] for draft, _ in drafts]),
        follows=texts([draft.follows for draft, _ in drafts]),
        refs=texts([draft.opening_ref for draft, _ in drafts]),
        sealed=octets(
            [
                vault.seal(place_of(draft.opening_ref), draft.opening, at=draft.at, subject=draft.subject)
                for draft, _ in drafts
            ]
        ),
        accounts=bigints([each.account for each in columns]),
        emails=texts([each.email for each in columns]),
        threads=texts([each.thread for each in columns]),
        answers=texts([each.in_reply_to for each in columns]),
        directions=texts([each.direction for each in columns]),
        dispositions=texts([each.disposition for each in columns]),
        outcomes=texts([each.outcome for each in columns]),
        reasons=texts([each.reason for each in columns]),
        actions=texts([each.action for each in columns]),
    )
    return drawn


def place_of(opening_ref: str) -> str:
    """Return what an opening's seal is bound to: its name, which the leaf knows."""
    return f"opening/{opening_ref}"


def opened(vault: Vault, row: Any) -> Opening:
    """Return the opening of a row with ``ref`` and ``sealed``.

    Raises:
        ErasedError: nobody can read it any more.
        KeyringError: it was changed or moved.
    """
    opening: Opening = orjson.loads(unsealed(vault, row))
    return opening


def listed(vault: Vault, row: Any) -> tuple[Opening | None, bool]:
    """Return the same to be shown, None where nobody can read it; and whether that is because it is damaged.

    One damaged row keeps back none beside it: the walk through the log names what was changed.
    """
    try:
        return (None if row.sealed is None else opened(vault, row)), False
    except ErasedError:
        return None, False
    except SealBrokenError as error:
        log.error("record.unreadable", entry=row.id, error=str(error))
        return None, True


def private(vault: Vault, row: Any, name: str) -> str | None:
    """Return one value of a row's opening; None where it has none, or is gone: the walk through the log names that."""
    try:
        opening = {} if row.ref is None else opened(vault, row)
    except (ErasedError, KeyringError):
        return None
    return str(opening[name]["value"]) if name in opening else None


def unsealed(vault: Vault, row: Any) -> bytes:
    """Return the octets of the same; it raises the same."""
    return vault.open(place_of(row.ref), bytes(row.sealed))


def _written(vault: Vault, row: Any) -> Written:
    index = None if row.leaf_index is None else LeafIndex(row.leaf_index)
    try:
        opening = None if row.sealed is None else opened(vault, row)
    except ErasedError:
        opening = None
    return Written(EntryId(row.id), orjson.loads(row.leaf), opening, index)


def _listed(vault: Vault, row: Any) -> Written:
    index = None if row.leaf_index is None else LeafIndex(row.leaf_index)
    opening, is_unreadable = listed(vault, row)
    return Written(EntryId(row.id), orjson.loads(row.leaf), opening, index, is_unreadable)


async def page(
    tx: Transaction, account: AccountId, *, limit: int, before: EntryId | None, email: EmailId | None
) -> list[Written]:
    """Return settled inbound decisions, newest first."""
    query = """
        select entry.id, entry.leaf, opening.ref, opening.sealed, leaf.leaf_index
        from decision_row as decided
        join entry on entry.id = decided.entry
        left join opening on opening.entry = decided.entry
        left join leaf on leaf.entry = decided.entry
        where decided.tenant = %(tenant)s and decided.account = %(account)s
          and decided.direction = 'inbound' and decided.disposition <> 'hold'
          and (%(before)s::bigint is null or decided.entry < %(before)s)
          and (%(email)s::text is null or decided.email = %(email)s)
        order by decided.entry desc limit %(limit)s
    """
    rows = await tx.all(query, account=account, before=before, email=email, limit=limit)
    return [_listed(tx.vault, row) for row in rows]


async def decisions(tx: Transaction, *, entry: EntryId | None, email: EmailId | None) -> list[Written]:
    """Return the decision of that number, or those about that email, oldest first."""
    query = """
        select entry.id, entry.leaf, opening.ref, opening.sealed, leaf.leaf_index
        from decision_row as decided
        join entry on entry.id = decided.entry
        left join opening on opening.entry = decided.entry
        left join leaf on leaf.entry = decided.entry
        where decided.tenant = %(tenant)s
          and (decided.entry = %(entry)s::bigint or decided.email = %(email)s::text)
        order by decided.entry
    """
    return [_written(tx.vault, row) for row in await tx.all(query, entry=entry, email=email)]


async def decided_since(
    tx: Transaction, account: AccountId | None, *, since: datetime, after: EntryId, limit: int
) -> list[Written]:
    """Return decisions of mail received since then, of one account or all, oldest first, after an entry.

    Each direction has an index of its own, and is asked by itself.
    """
    query = """
        select entry.id, entry.leaf, opening.ref, opening.sealed, leaf.leaf_index
        from (
          (select came.entry from decision_row as came
           where came.tenant = %(tenant)s and came.direction = 'inbound' and came.entry > %(after)s
             and (%(account)s::bigint is null or came.account = %(account)s) and came.received_at >= %(since)s
           order by came.entry limit %(limit)s)
          union all
          (select went.entry from decision_row as went
           where went.tenant = %(tenant)s and went.direction = 'outbound' and went.entry > %(after)s
             and (%(account)s::bigint is null or went.account = %(account)s) and went.received_at >= %(since)s
           order by went.entry limit %(limit)s)
        ) as decided
        join entry on entry.id = decided.entry
        left join opening on opening.entry = decided.entry
        left join leaf on leaf.entry = decided.entry
        order by decided.entry limit %(limit)s
    """
    rows = await tx.all(query, account=account, since=since, after=after, limit=limit)
    return [_written(tx.vault, row) for row in rows]


async def count_since(tx: Transaction, account: AccountId | None, since: datetime) -> int:
    """Return how many decisions ``decided_since`` has in all."""
    query = """
        select count(*) as number from decision_row as decided
        where decided.tenant = %(tenant)s and decided.direction in ('inbound', 'outbound')
          and (%(account)s::bigint is null or decided.account = %(account)s) and decided.received_at >= %(since)s
    """
    return int((await tx.one(query, account=account, since=since)).number)


async def consequences_of(tx: Transaction, account: AccountId, emails: Sequence[EmailId]) -> list[Written]:
    """Return what followed from these emails and shows in their rows, oldest first."""
    query = """
        select entry.id, entry.leaf, opening.ref, opening.sealed, null::bigint as leaf_index
        from consequence as followed
        join entry on entry.id = followed.entry
        left join opening on opening.entry = followed.entry
        where followed.tenant = %(tenant)s and followed.account = %(account)s
          and followed.email in (select jsonb_array_elements_text(%(emails)s))
          and followed.kind in ('reply', 'bounce', 'attempt', 'usage')
        order by entry.id
    """
    return [_listed(tx.vault, row) for row in await tx.all(query, account=account, emails=Jsonb(list(emails)))]


async def opening(tx: Transaction, entry: EntryId) -> Opening | None:
    """Return an entry's opening, or None where there is none.

    Raises:
        ErasedError: nobody can read it any more.
    """
    query = "select ref, sealed from opening where tenant = %(tenant)s and entry = %(entry)s"
    row = await tx.maybe(query, entry=entry)
    return None if row is None else opened(tx.vault, row)


async def count_refusal(tx: Transaction, hour: datetime, reason: str, count: int) -> None:
    """Add to the counter of an hour and a reason."""
    query = """
        insert into refusal_count (tenant, hour, reason, count)
        values (%(tenant)s, %(hour)s, %(reason)s, %(count)s)
        on conflict (tenant, hour, reason) do update set count = refusal_count.count + excluded.count
    """
    await tx.run(query, hour=hour, reason=reason, count=count)


async def take_refusals(tx: Transaction, before: datetime) -> list[tuple[datetime, str, int]]:
    """Remove and return the counters of hours that began before ``before``, in order."""
    query = """
        with taken as (
          delete from refusal_count where tenant = %(tenant)s and hour < %(before)s returning hour, reason, count
        )
        select * from taken order by hour, reason
    """
    return [(row.hour, row.reason, row.count) for row in await tx.all(query, before=before)]


async def tenants_with_refusals(db: Database, before: datetime) -> list[TenantId]:
    """Return who has counters of hours that began before ``before``."""
    rows = await db.look_up("select lookup_refusals(%(before)s) as tenant", before=before)
    return [TenantId(row.tenant) for row in rows]


async def held(tx: Transaction, emails: Sequence[EmailId]) -> set[EmailId]:
    """Return those that were ever decided to be held: their octets lie nowhere but where they were put."""
    query = """
        select distinct email from decision_row
        where tenant = %(tenant)s and email = any(%(emails)s::text[]) and disposition = 'hold'
    """
    return {EmailId(row.email) for row in await tx.all(query, emails=list(emails))}


async def fates(tx: Transaction, emails: Sequence[EmailId]) -> dict[EmailId, bool]:
    """Return of each decided email whether the latest decision on it was to deliver or to hold it."""
    query = """
        select distinct on (email) email, disposition in ('deliver', 'hold') as is_kept from decision_row
        where tenant = %(tenant)s and email = any(%(emails)s::text[]) order by email, entry desc
    """
    return {EmailId(row.email): row.is_kept for row in await tx.all(query, emails=list(emails))}


async def by_number(tx: Transaction, entries: Sequence[EntryId]) -> list[Placed]:
    """Return entries by their numbers, in that order; unknown ones are left out."""
    query = """
        select entry.id, entry.leaf, leaf.leaf_index
        from entry left join leaf on leaf.entry = entry.id
        where entry.tenant = %(tenant)s and entry.id = any(%(entries)s::bigint[]) order by entry.id
    """
    return [
        Placed(EntryId(row.id), bytes(row.leaf), None if row.leaf_index is None else LeafIndex(row.leaf_index))
        for row in await tx.all(query, entries=list(entries))
    ]
