"""The trust room's SQL: where facts stand in the public trust log, challenges, and tenants' blinded heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Transaction
from gatepost.ids import EntryId


@dataclass(frozen=True, slots=True)
class Head:
    """What opens a tenant's commitment in one round of heads. ``path``: hashes of 32 octets, joined."""

    entry: EntryId
    size: int
    root: bytes
    salt: bytes
    place: int
    width: int
    path: bytes
    at: datetime


async def add_fact(tx: Transaction, entry: EntryId, *, subject: str, outcome: str, at: datetime) -> None:
    """Remember where a fact stands."""
    query = """
        insert into trust_fact (entry, tenant, subject, outcome, at)
        values (%(entry)s, %(tenant)s, %(subject)s, %(outcome)s, %(at)s)
    """
    await tx.run(query, entry=entry, subject=subject, outcome=outcome, at=at)


async def newest(tx: Transaction) -> dict[str, EntryId]:
    """Return the newest fact about each subject; goes from subject to subject along the index, however many facts."""
    query = """
        with recursive known as (
          (select subject from trust_fact where tenant = %(tenant)s order by subject limit 1)
          union all
          select (select subject from trust_fact where tenant = %(tenant)s and subject > known.subject
                  order by subject limit 1)
          from known where known.subject is not null
        )
        select subject, (select entry from trust_fact where tenant = %(tenant)s and subject = known.subject
                         order by entry desc limit 1) as entry
        from known where subject is not null
    """
    return {row.subject: EntryId(row.entry) for row in await tx.all(query)}


async def history(tx: Transaction, subject: str, *, limit: int, before: EntryId | None = None) -> list[EntryId]:
    """Return the facts about one subject, newest first."""
    query = """
        select entry from trust_fact
        where tenant = %(tenant)s and subject = %(subject)s
          and (%(before)s::bigint is null or entry < %(before)s::bigint)
        order by entry desc limit %(limit)s
    """
    rows = await tx.all(query, subject=subject, limit=limit, before=before)
    return [EntryId(row.entry) for row in rows]


async def newest_under(tx: Transaction, prefix: str) -> EntryId:
    """Return the newest fact of the subjects that begin so; 0 where there is none."""
    query = """
        select coalesce(max(entry), 0) as entry from trust_fact
        where tenant = %(tenant)s and subject >= %(prefix)s and subject < %(prefix)s || chr(1114111)
    """
    return EntryId((await tx.one(query, prefix=prefix)).entry)


async def is_stated(tx: Transaction, subject: str, outcome: str) -> bool:
    """Tell whether a fact about a subject had this outcome."""
    query = """
        select 1 from trust_fact
        where tenant = %(tenant)s and subject = %(subject)s and outcome = %(outcome)s limit 1
    """
    return bool(await tx.all(query, subject=subject, outcome=outcome))


async def outcomes(tx: Transaction, subject: str) -> list[tuple[str, datetime]]:
    """Return the outcomes of all facts about a subject and when each was stated, newest first."""
    query = """
        select outcome, at from trust_fact where tenant = %(tenant)s and subject = %(subject)s
        order by entry desc limit 1000
    """
    return [(row.outcome, row.at) for row in await tx.all(query, subject=subject)]


async def subjects(tx: Transaction, prefix: str) -> list[str]:
    """Return the subjects that begin so."""
    query = """
        select distinct subject from trust_fact
        where tenant = %(tenant)s and subject >= %(prefix)s and subject < %(prefix)s || chr(1114111)
        order by subject limit 1000
    """
    return [row.subject for row in await tx.all(query, prefix=prefix)]


async def asked_since(tx: Transaction, since: datetime) -> int:
    """Return how many challenges were asked since then."""
    query = "select count(*) as count from trust_challenge where tenant = %(tenant)s and asked_at > %(since)s"
    return int((await tx.one(query, since=since)).count)


async def lock_challenges(tx: Transaction) -> None:
    """Let nobody else ask until the transaction ends: or two who count at once both find room."""
    await tx.one("select pg_advisory_xact_lock(hashtextextended('trust challenge', 0))")


async def lock_turns(tx: Transaction) -> None:
    """Let nobody else take a turn of the canary's until the transaction ends."""
    await tx.one("select pg_advisory_xact_lock(hashtextextended('trust agent canary', 0))")


async def add_challenge(tx: Transaction, nonce: str, at: datetime) -> None:
    """Remember a challenge, by the nonce's SHA-256; the same one asked again stays as it is."""
    query = """
        insert into trust_challenge (nonce, tenant, asked_at) values (%(nonce)s, %(tenant)s, %(at)s)
        on conflict (nonce) do nothing
    """
    await tx.run(query, nonce=nonce, at=at)


async def open_challenges(tx: Transaction, limit: int) -> list[str]:
    """Return challenges that wait, oldest first."""
    query = """
        select nonce from trust_challenge where tenant = %(tenant)s and entry is null
        order by asked_at limit %(limit)s
    """
    return [row.nonce for row in await tx.all(query, limit=limit)]


async def answer_challenges(tx: Transaction, nonces: Sequence[str], entry: EntryId) -> None:
    """Say which entry answers them."""
    query = """
        update trust_challenge set entry = %(entry)s
        where tenant = %(tenant)s and nonce = any(%(nonces)s::text[]) and entry is null
    """
    await tx.run(query, nonces=list(nonces), entry=entry)


async def challenge(tx: Transaction, nonce: str) -> tuple[datetime, EntryId | None] | None:
    """Return when a challenge was asked and the entry that answers it; None where nobody asked it."""
    query = "select asked_at, entry from trust_challenge where tenant = %(tenant)s and nonce = %(nonce)s"
    row = await tx.maybe(query, nonce=nonce)
    return None if row is None else (row.asked_at, None if row.entry is None else EntryId(row.entry))


async def forget_challenges(tx: Transaction, before: datetime) -> int:
    """Forget answered challenges asked before then; their answers stand in the log."""
    query = """
        delete from trust_challenge
        where tenant = %(tenant)s and asked_at < %(before)s and entry is not null
    """
    return await tx.run(query, before=before)


async def add_look(tx: Transaction, name: str, at: datetime) -> None:
    """Remember that somebody asked for a look at everything."""
    query = "insert into trust_look (tenant, id, asked_at) values (%(tenant)s, %(id)s, %(at)s)"
    await tx.run(query, id=name, at=at)


async def open_looks(tx: Transaction) -> list[str]:
    """Return the looks that wait."""
    query = "select id from trust_look where tenant = %(tenant)s and answered_at is null order by asked_at limit 100"
    return [row.id for row in await tx.all(query)]


async def answer_looks(tx: Transaction, names: Sequence[str], at: datetime) -> None:
    """Say that these are answered."""
    query = "update trust_look set answered_at = %(at)s where tenant = %(tenant)s and id = any(%(names)s::text[])"
    await tx.run(query, names=list(names), at=at)


async def is_looked(tx: Transaction, name: str) -> bool:
    """Tell whether a look is answered."""
    query = "select 1 from trust_look where tenant = %(tenant)s and id = %(id)s and answered_at is not null"
    return bool(await tx.all(query, id=name))


async def forget_looks(tx: Transaction, before: datetime) -> int:
    """Forget looks answered before then."""
    query = "delete from trust_look where tenant = %(tenant)s and answered_at < %(before)s"
    return await tx.run(query, before=before)


async def add_head(tx: Transaction, head: Head) -> None:
    """Keep, for the tenant, what opens its part of a round."""
    query = """
        insert into trust_head (tenant, entry, size, root, salt, place, width, path, at)
        values (%(tenant)s, %(entry)s, %(size)s, %(root)s, %(salt)s, %(place)s, %(width)s, %(path)s, %(at)s)
    """
    await tx.run(
        query,
        entry=head.entry,
        size=head.size,
        root=head.root,
        salt=head.salt,
        place=head.place,
        width=head.width,
        path=head.path,
        at=head.at,
    )


async def heads(tx: Transaction, *, limit: int) -> list[Head]:
    """Return the tenant's parts of past rounds, newest first."""
    query = "select * from trust_head where tenant = %(tenant)s order by entry desc limit %(limit)s"
    return [
        Head(
            EntryId(row.entry),
            row.size,
            bytes(row.root),
            bytes(row.salt),
            row.place,
            row.width,
            bytes(row.path),
            row.at,
        )
        for row in await tx.all(query, limit=limit)
    ]
