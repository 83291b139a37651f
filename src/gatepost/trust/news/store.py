"""The SQL of subscribers; in transactions of ``TRUST``."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from gatepost.db import Transaction
from gatepost.ids import EntryId
from gatepost.keys import Vault
from gatepost.trust.news.paper import Channel, Subscriber, Topic


def target_key(vault: Vault, channel: Channel, target: str) -> str:
    """Return what a target is found by."""
    return vault.blind_text(f"subscriber {channel}", target)


async def lock(tx: Transaction) -> None:
    """Let nobody else ask until the transaction ends: or two who count at once both find room."""
    await tx.one("select pg_advisory_xact_lock(hashtextextended('trust subscriber', 0))")


async def asked_since(tx: Transaction, since: datetime) -> int:
    """Return how many asked last since then."""
    query = "select count(*) as count from subscriber where tenant = %(tenant)s and asked_at > %(since)s"
    return int((await tx.one(query, since=since)).count)


async def add(tx: Transaction, new: Subscriber) -> None:
    """Remember somebody who asked."""
    query = """
        insert into subscriber (tenant, id, channel, target_key, sealed, topics, wanted, asked_at, round)
        values (%(tenant)s, %(id)s, %(channel)s, %(key)s, %(sealed)s, '{}', %(wanted)s, %(at)s, %(round)s)
    """
    await tx.run(
        query,
        id=new.id,
        channel=new.channel,
        key=target_key(tx.vault, new.channel, new.target),
        sealed=tx.vault.seal_lasting(_place(new.id), new.target.encode()),
        wanted=sorted(new.wanted),
        at=new.asked_at,
        round=new.round,
    )


async def ask_again(tx: Transaction, known: Subscriber, wanted: Collection[Topic], at: datetime) -> Subscriber:
    """Remember what somebody known wants now, and return them so; links sent before count no more."""
    query = """
        update subscriber set wanted = %(wanted)s, asked_at = %(at)s, round = round + 1
        where tenant = %(tenant)s and id = %(id)s returning round
    """
    row = await tx.one(query, id=known.id, wanted=sorted(wanted), at=at)
    return replace(known, wanted=frozenset(wanted), asked_at=at, round=row.round)


async def confirm(tx: Transaction, identifier: str, round_: int, *, since: datetime, at: datetime) -> bool:
    """Let the link of one round count, once; False where it counts no more."""
    query = """
        update subscriber set topics = wanted, round = round + 1, confirmed_at = coalesce(confirmed_at, %(at)s)
        where tenant = %(tenant)s and id = %(id)s and round = %(round)s and asked_at > %(since)s
    """
    return bool(await tx.run(query, id=identifier, round=round_, since=since, at=at))


async def remove(tx: Transaction, identifier: str) -> bool:
    """Forget a subscriber; False where there was none."""
    return bool(await tx.run("delete from subscriber where tenant = %(tenant)s and id = %(id)s", id=identifier))


async def remove_unconfirmed(tx: Transaction, before: datetime) -> int:
    """Forget whoever asked before then and never confirmed."""
    query = "delete from subscriber where tenant = %(tenant)s and confirmed_at is null and asked_at <= %(before)s"
    return await tx.run(query, before=before)


async def by_id(tx: Transaction, identifier: str) -> Subscriber | None:
    """Return one subscriber."""
    row = await tx.maybe("select * from subscriber where tenant = %(tenant)s and id = %(id)s", id=identifier)
    return None if row is None else _subscriber(tx.vault, row)


async def by_target(tx: Transaction, channel: Channel, target: str) -> Subscriber | None:
    """Return whoever has this address or URL."""
    query = "select * from subscriber where tenant = %(tenant)s and channel = %(channel)s and target_key = %(key)s"
    row = await tx.maybe(query, channel=channel, key=target_key(tx.vault, channel, target))
    return None if row is None else _subscriber(tx.vault, row)


async def told_of(tx: Transaction, topic: Topic, before: datetime) -> list[str]:
    """Return the ids of all who are told of a topic and were so at that time."""
    query = """
        select id from subscriber
        where tenant = %(tenant)s and %(topic)s = any(topics) and confirmed_at <= %(before)s order by id
    """
    return [row.id for row in await tx.all(query, topic=topic, before=before)]


async def counts(tx: Transaction) -> Sequence[Any]:
    """Return how many there are, by channel and whether they confirmed."""
    query = """
        select channel, confirmed_at is not null as is_confirmed, count(*) as count from subscriber
        where tenant = %(tenant)s group by 1, 2 order by 1, 2
    """
    return await tx.all(query)


async def untold(tx: Transaction, subjects: Sequence[str], *, since: datetime, limit: int) -> list[EntryId]:
    """Return facts stated since then, about subjects that begin so, that nobody was told of yet, oldest first."""
    query = """
        select fact.entry from unnest(%(subjects)s::text[]) as prefix cross join lateral (
          select entry from trust_fact
          where tenant = %(tenant)s and subject >= prefix and subject < prefix || chr(1114111) and at >= %(since)s
          offset 0) as fact  -- the fence: along the index of each prefix, past the claims' results, which are many
        where not exists (select from news_told where tenant = %(tenant)s and news_told.entry = fact.entry)
        order by fact.entry limit %(limit)s
    """
    return [EntryId(row.entry) for row in await tx.all(query, subjects=list(subjects), since=since, limit=limit)]


async def mark_told(tx: Transaction, entry: EntryId, at: datetime) -> bool:
    """Say that everybody is told of a fact from now on; False where somebody else said so."""
    query = """
        insert into news_told (tenant, entry, at) values (%(tenant)s, %(entry)s, %(at)s) on conflict do nothing
    """
    return bool(await tx.run(query, entry=entry, at=at))


async def marks(tx: Transaction, entries: Sequence[EntryId]) -> tuple[frozenset[EntryId], datetime | None]:
    """Return of which of these facts everybody is told, and when the first such mark that is kept was made."""
    query = """
        select array(select entry from news_told where tenant = %(tenant)s and entry = any(%(entries)s)) as told,
               (select min(at) from news_told where tenant = %(tenant)s) as since
    """
    row = await tx.one(query, entries=[*entries])
    return frozenset(map(EntryId, row.told)), row.since


async def forget_told(tx: Transaction, before: datetime) -> int:
    """Forget marks of facts too old to be told."""
    return await tx.run("delete from news_told where tenant = %(tenant)s and at < %(before)s", before=before)


def _place(identifier: str) -> str:
    return f"subscriber/{identifier}"


def _subscriber(vault: Vault, row: Any) -> Subscriber:
    return Subscriber(
        id=row.id,
        channel=Channel(row.channel),
        target=vault.open(_place(row.id), bytes(row.sealed)).decode(),
        topics=frozenset(Topic(each) for each in row.topics),
        wanted=frozenset(Topic(each) for each in row.wanted),
        asked_at=row.asked_at,
        round=row.round,
        confirmed_at=row.confirmed_at,
    )
