"""The SQL of finding mail by its words. What stands there are tokens: keyed hashes (docs/adr/0028)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate, groupby
from typing import Any, NamedTuple

import orjson

from gatepost.db import Database, Transaction
from gatepost.db.column import Column, bigint, bigints, octets, spelled_bigints, texts, times
from gatepost.ids import AccountId, EmailId, TenantId
from gatepost.jobs.slices import in_slices, slice_by_slice
from gatepost.keys import Blinder, ErasedError, KeyringError, Vault
from gatepost.mailbox import store
from gatepost.mailbox.paper import Email, Texts
from gatepost.mailbox.query import Query

SEALED_UNDER_OCTETS = 17
"""What a seal begins with: its kind and which keys it needs (``keys/vault.py``)."""


class Place(NamedTuple):
    """Where a message stands in the order that is searched: by its time, then by its number."""

    at: datetime
    seq: int


TOP = Place(datetime(9999, 1, 1, tzinfo=UTC), 0)
BOTTOM = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message to index, of so many sealed octets; ``texts`` is None where nobody can read it any more."""

    account: AccountId
    place: Place
    id: EmailId
    sealed_under: bytes
    octets: int
    texts: Texts | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that has the tokens, or is not indexed, so that nobody knows yet.

    Attributes:
        content: what its row hides; None where nobody can read it any more.
    """

    place: Place
    id: EmailId
    is_indexed: bool
    row: Any
    content: dict[str, Any] | None

    def hit(self, query: Query) -> Email | None:
        """Return the message, where it is one that the query asks for."""
        if self.content is None:
            return None
        texts = store.texts_from(self.content)
        is_hit = query.is_said(texts) if self.is_indexed else query.is_in(texts)
        return store.email_from(self.row, self.content) if is_hit else None


def tokens(blinder: Blinder, account: AccountId, terms: Iterable[str]) -> list[int]:
    """Return what stands for the terms: 63 bits of a keyed hash of account, field and word."""
    return blinder.blind_numbers(f"words/{account}", terms)


async def tenants_waiting(db: Database) -> list[TenantId]:
    """Return the tenants with mail to index."""
    return [TenantId(row.tenant) for row in await db.look_up("select lookup_unindexed() as tenant")]


async def tenants_indexed(db: Database) -> list[TenantId]:
    """Return the tenants with tokens."""
    return [TenantId(row.tenant) for row in await db.look_up("select lookup_worded() as tenant")]


async def try_lock(tx: Transaction) -> bool:
    """Take the right to index the tenant's mail until the transaction ends; False where somebody else has it."""
    query = "select pg_try_advisory_xact_lock(hashtextextended('words ' || %(tenant)s, 0)) as is_ours"
    return bool((await tx.one(query)).is_ours)


NOBODY = AccountId(-1)
"""Before all accounts, which are counted from 1."""


async def waiting(tx: Transaction, limit: int, octets_max: int, after: AccountId = NOBODY) -> list[Waiting]:
    """Return mail to index, account by account, oldest first: at least one message, and no more than the bounds.

    Args:
        tx: the tenant's.
        limit: messages.
        octets_max: of their sealed rows.
        after: only of accounts with higher numbers.
    """
    query = """
        select * from (
          select unindexed.at, unindexed.seq as number, unindexed.account as of_account, unindexed.email as of_email,
            kept.id, kept.sealed, sum(octet_length(kept.sealed)) over (
              order by unindexed.tenant, unindexed.account, unindexed.at, unindexed.seq
              rows between unbounded preceding and 1 preceding) as octets_before  -- `exclude` adds all up for each row
          from (
            select * from unindexed
            where tenant = %(tenant)s and account > %(after)s
            order by tenant, account, at, seq limit %(limit)s
          ) as unindexed
          left join lateral (
            select id, sealed from email where email.tenant = %(tenant)s and email.id = unindexed.email limit 1
          ) as kept on true  -- each a look-up: else all the tenant's mail is read for it while there is little
        ) as all_of_them where coalesce(octets_before, 0) < %(octets_max)s
    """
    # For the queue of a young house, of which it knows nothing yet, PostgreSQL would read and sort all of it each time.
    tx.send("select set_config('enable_bitmapscan', 'off', true)")
    rows = await tx.all(query, limit=limit, octets_max=octets_max, after=after)
    return await slice_by_slice(partial(_waiting, tx.vault), rows)


def _waiting(vault: Vault, rows: Sequence[Any]) -> list[Waiting]:
    kept = [row for row in rows if row.sealed is not None]
    opened = vault.open_all([(f"email/{row.id}", bytes(row.sealed)) for row in kept])
    known = {
        row.id: store.texts_from(orjson.loads(each))
        for row, each in zip(kept, opened, strict=True)
        if isinstance(each, bytes)
    }
    return [
        Waiting(
            AccountId(row.of_account),
            Place(row.at, row.number),
            EmailId(row.of_email),
            bytes(row.sealed or b"")[:SEALED_UNDER_OCTETS],
            len(row.sealed or b""),
            known.get(row.of_email),
        )
        for row in rows
    ]


def _content(vault: Vault, row: Any) -> dict[str, Any] | None:
    """Return what a message's row hides, or None where nobody can read it: it was erased, or is damaged."""
    try:
        return store.content_of(vault, row)
    except (ErasedError, KeyringError):
        return None


@dataclass(frozen=True, slots=True)
class Spelled:
    """The tokens of several messages as one column, of which each has a slice; ``ends`` begins with 0."""

    tokens: Column
    ends: list[int]


def spell(blinder: Blinder, done: Sequence[Waiting], each: Sequence[Collection[str]]) -> Spelled:
    """Return the tokens of these messages' terms: milliseconds of work for a batch, and none of it on the loop.

    A term that many of an account's messages have is hashed once.
    """
    spelled: list[bytes] = []
    for account, of_account in groupby(zip(done, each, strict=True), key=lambda one: one[0].account):
        found = [terms for _, terms in of_account]
        terms = list(set().union(*found))
        known = dict(zip(terms, map(bigint, tokens(blinder, account, terms)), strict=True))
        for one in found:
            spelled += map(known.__getitem__, one)
    return Spelled(spelled_bigints(spelled), [0, *accumulate(map(len, each))])


async def keep(tx: Transaction, done: Sequence[Waiting], words: Spelled) -> None:
    """Store what messages are found by and take them from the queue; one without terms is only taken."""
    query = """
        with gone as (
          delete from unindexed using (
            select * from unnest(%(accounts)s, %(times)s, %(numbers)s) as given (account, at, seq)) as given
          where unindexed.tenant = %(tenant)s and unindexed.account = given.account and unindexed.at = given.at
            and unindexed.seq = given.seq
        )
        insert into email_words (tenant, account, at, seq, email, sealed_under, tokens)
        select %(tenant)s, account, at, seq, email, sealed_under, (%(tokens)s)[since + 1 : until]
        from unnest(%(accounts)s, %(times)s, %(numbers)s, %(emails)s, %(heads)s, %(since)s, %(until)s)
          as given (account, at, seq, email, sealed_under, since, until)
        where since < until
        on conflict do nothing
    """
    await tx.run(
        query,
        accounts=bigints([one.account for one in done]),
        times=times([one.place.at for one in done]),
        numbers=bigints([one.place.seq for one in done]),
        emails=texts([one.id for one in done]),
        heads=octets([one.sealed_under for one in done]),
        since=bigints(words.ends[:-1]),
        until=bigints(words.ends[1:]),
        tokens=words.tokens,
    )


async def backlog(tx: Transaction, account: AccountId, limit: int) -> int:
    """Return how many of the account's messages are not indexed, counting no further than ``limit``."""
    query = """
        select count(*) as count from (
          select from unindexed where tenant = %(tenant)s and account = %(account)s limit %(limit)s) as bounded
    """
    return int((await tx.one(query, account=account, limit=limit)).count)


async def candidates(
    tx: Transaction,
    account: AccountId,
    *,
    wanted: list[int],
    unwanted: list[int],
    below: Place,
    since: datetime,
    limit: int,
) -> list[Candidate]:
    """Return the newest messages below a place that have the tokens, and with them those not indexed yet."""
    query = """
        select found.at, found.seq as number, found.is_indexed, email.* from (
          select * from (
            select found_at as at, found_seq as seq, found_email as email, true as is_indexed
            from lookup_words(%(account)s, %(wanted)s, %(unwanted)s, %(at)s, %(seq)s, %(since)s, %(limit)s)
            union all
            (select at, seq, email, false from unindexed
             where tenant = %(tenant)s and account = %(account)s and (at, seq) < (%(at)s, %(seq)s) and at >= %(since)s
             order by at desc, seq desc limit %(limit)s)
          ) as both_ways order by at desc, seq desc limit %(limit)s
        ) as found
        join email on email.tenant = %(tenant)s and email.id = found.email and email.account = %(account)s
        order by found.at desc, found.seq desc
    """
    rows = await tx.all(
        query,
        account=account,
        wanted=bigints(wanted),
        unwanted=bigints(unwanted),
        at=below.at,
        seq=below.seq,
        since=since,
        limit=limit,
    )
    return [
        Candidate(Place(row.at, row.number), EmailId(row.id), row.is_indexed, row, _content(tx.vault, row))
        for row in rows
    ]


async def forget_erased(tx: Transaction) -> int:
    """Remove the tokens of mail that nobody can read any more; return of how many messages.

    It walks through the tenant's tokens: only after keys were destroyed.
    """
    rows = await tx.all("select distinct sealed_under as head from email_words where tenant = %(tenant)s")
    is_erased = await in_slices(tx.vault.is_erased, [bytes(row.head) for row in rows])
    heads = [bytes(row.head) for row, is_gone in zip(rows, is_erased, strict=True) if is_gone]
    if not heads:
        return 0
    return await tx.run(
        "delete from email_words where tenant = %(tenant)s and sealed_under = any(%(heads)s)", heads=octets(heads)
    )
