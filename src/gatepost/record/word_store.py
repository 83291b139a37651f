"""The SQL of finding entries by their words. What stands there are tokens: keyed hashes (docs/adr/0039)."""

import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate, chain
from typing import Any, NamedTuple

import orjson
from msgspec import Struct

from gatepost.db import Database, Transaction
from gatepost.db.column import Column, bigint, bigints, octets, spelled_bigints, times
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.jobs.slices import in_slices, slice_by_slice
from gatepost.keys import Blinder, KeyringError, Vault
from gatepost.record import store
from gatepost.record.words import Found, found_in

_TOKEN = struct.Struct("!iq")  # an element of an array: its length, and a bigint
_BIGINT = 20  # PostgreSQL's number of the type
_ARRAY_OCTETS = 20  # what an array of one dimension begins with
SEALED_UNDER_OCTETS = 17
"""What a seal begins with: its kind and which keys it needs (``keys/vault.py``)."""


class Place(NamedTuple):
    """Where an entry stands in the order that is searched: by its time, then by its number."""

    at: datetime
    entry: int


TOP = Place(datetime(9999, 1, 1, tzinfo=UTC), 0)
BOTTOM = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with its opening; ``opened`` is empty where nobody can read it any more.

    ``is_unreadable``: because it is damaged. ``salts`` are what its commitments need besides the values;
    ``sealed_under`` names the keys of the opening.
    """

    place: Place
    leaf_index: LeafIndex | None
    octets: bytes
    found: Found
    opening: store.Opening | None
    sealed_under: bytes
    is_unreadable: bool = False

    @property
    def written(self) -> store.Written:
        """The same as the mailbox's page knows it."""
        return store.Written(
            EntryId(self.place.entry), self.found.leaf, self.opening, self.leaf_index, self.is_unreadable
        )


class Unworded(Struct, frozen=True, gc=False):
    """An entry as the indexer needs it; ``sealed_under`` is empty where nobody can read its opening any more."""

    place: Place
    found: Found
    sealed_under: bytes


def tokens(blinder: Blinder, terms: Iterable[str]) -> list[int]:
    """Return what stands for the terms: 63 bits of a keyed hash."""
    return blinder.blind_numbers("entry words", terms)


def tokens_of_each(blinder: Blinder, each: Sequence[Collection[str]]) -> list[list[int]]:
    """Return the tokens of several entries; a term that many of them have is hashed once."""
    terms = list(set().union(*each))
    known = dict(zip(terms, tokens(blinder, terms), strict=True))
    return [list(map(known.__getitem__, found)) for found in each]


def _spelled(elements: Sequence[bytes]) -> bytes:
    """Return tokens as PostgreSQL spells them in a ``bigint[]``, each spelled by ``bigint``."""
    return struct.pack("!iiiii", 1, 0, _BIGINT, len(elements), 1) + b"".join(elements)


def read(octets_of_tokens: bytes) -> Iterator[int]:
    """Yield the tokens of a ``bigint[]`` that is spelled so."""
    return (token for _, token in _TOKEN.iter_unpack(octets_of_tokens[_ARRAY_OCTETS:]))


def seals(blinder: Blinder, words: Iterable[tuple[int, bytes, bytes]]) -> list[bytes]:
    """Return what only the house can write beside an entry's words: they are what was indexed, and of this entry.

    Args:
        blinder: the tenant's.
        words: of each entry its number, what it is sealed under and its tokens as PostgreSQL spells them.
    """
    return blinder.blind_all("entry words seal", [b"%d/%b/%b" % each for each in words])


def _row(vault: Vault, row: Any) -> Row:
    opening, is_unreadable = store.listed(vault, row)
    under = b"" if opening is None else bytes(row.sealed[:SEALED_UNDER_OCTETS])
    values = {name: part["value"] for name, part in (opening or {}).items()}
    index = None if row.leaf_index is None else LeafIndex(row.leaf_index)
    leaf = bytes(row.leaf)
    return Row(
        Place(row.at, row.id), index, leaf, Found(leaf=orjson.loads(leaf), opened=values), opening, under, is_unreadable
    )


def _unworded(vault: Vault, rows: Sequence[Any], *, bears_changes: bool = False) -> list[Unworded]:
    """Return what the indexer needs of these entries.

    Raises:
        KeyringError: an opening was changed or moved, and not ``bears_changes``, which takes it for unreadable.
    """
    sealed = [row for row in rows if row.sealed is not None]
    opened = vault.open_all([(store.place_of(row.ref), bytes(row.sealed)) for row in sealed])
    openings: dict[int, bytes] = {}
    for row, opening in zip(sealed, opened, strict=True):
        if isinstance(opening, KeyringError) and not bears_changes:
            raise opening
        if isinstance(opening, bytes):
            openings[row.id] = opening
    return [
        Unworded(
            Place(row.at, row.id),
            found_in(bytes(row.leaf), openings.get(row.id)),
            bytes(row.sealed[:SEALED_UNDER_OCTETS]) if row.id in openings else b"",
        )
        for row in rows
    ]


async def try_lock(tx: Transaction) -> bool:
    """Take the right to index the tenant's log until the transaction ends; False where somebody else has it."""
    query = "select pg_try_advisory_xact_lock(hashtextextended('entry words ' || %(tenant)s, 0)) as is_ours"
    return bool((await tx.one(query)).is_ours)


async def next_index(tx: Transaction) -> int:
    """Return the first place in the log that is not indexed."""
    row = await tx.maybe("select next_index from entry_words_done where tenant = %(tenant)s")
    return 0 if row is None else int(row.next_index)


async def at_places(tx: Transaction, start: int, end: int) -> list[Unworded]:
    """Return the entries at places ``start`` up to and without ``end``, in order; each a look-up (``log_store``).

    They are opened in slices: all of a batch together would hold the loop, and who waits for it, for 10 ms.
    """
    query = """
        select written.id, written.at, written.leaf, opened.ref, opened.sealed, placed.leaf_index
        from leaf as placed
        cross join lateral (select id, at, leaf from entry where entry.id = placed.entry limit 1) as written
        left join lateral (select ref, sealed from opening where opening.entry = placed.entry limit 1) as opened on true
        where placed.tenant = %(tenant)s and placed.leaf_index >= %(start)s and placed.leaf_index < %(end)s
        order by placed.leaf_index
    """
    return await slice_by_slice(partial(_unworded, tx.vault), await tx.all(query, start=start, end=end))


async def make_room(db: Database, moments: Iterable[datetime]) -> None:
    """Make the partitions of the months in which these moments lie."""
    for year, month in sorted({(at.year, at.month) for at in moments}):
        await db.look_up("select lookup_month(%(moment)s)", moment=datetime(year, month, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Spelled:
    """What entries are found by, as columns: the tokens of all, of which each has a slice, and the seal on each's.

    ``ends`` begins with 0.
    """

    tokens: Column
    ends: list[int]
    seals: list[bytes]


def spell(blinder: Blinder, rows: Sequence[Unworded], each: Sequence[Collection[str]]) -> Spelled:
    """Return the columns of these entries' terms: milliseconds of work for a batch, and none of it on the loop.

    A term that many of them have is hashed and spelled once.
    """
    terms = list(set().union(*each))
    known = dict(zip(terms, map(bigint, tokens(blinder, terms)), strict=True))
    return in_columns(blinder, rows, [list(map(known.__getitem__, found)) for found in each])


def in_columns(blinder: Blinder, rows: Sequence[Unworded], each: Sequence[Sequence[bytes]]) -> Spelled:
    """Return the columns of these entries' tokens, each spelled by ``bigint``."""
    words = [(row.place.entry, row.sealed_under, _spelled(found)) for row, found in zip(rows, each, strict=True)]
    ends = [0, *accumulate(map(len, each))]
    return Spelled(spelled_bigints([*chain.from_iterable(each)]), ends, seals(blinder, words))


async def keep(tx: Transaction, rows: Sequence[Unworded], words: Spelled) -> None:
    """Store what entries are found by; what was stored of them before stays."""
    query = """
        insert into entry_words (tenant, at, entry, sealed_under, tokens, seal)
        select %(tenant)s, at, entry, sealed_under, (%(tokens)s)[since + 1 : until], seal
        from unnest(%(times)s, %(entries)s, %(heads)s, %(since)s, %(until)s, %(seals)s)
          as given (at, entry, sealed_under, since, until, seal)
        on conflict do nothing
    """
    await tx.run(
        query,
        times=times([row.place.at for row in rows]),
        entries=bigints([row.place.entry for row in rows]),
        heads=octets([row.sealed_under for row in rows]),
        tokens=words.tokens,
        since=bigints(words.ends[:-1]),
        until=bigints(words.ends[1:]),
        seals=octets(words.seals),
    )


async def go_on(tx: Transaction, index: int) -> None:
    """Remember that all places below ``index`` are indexed."""
    query = """
        insert into entry_words_done (tenant, next_index) values (%(tenant)s, %(index)s)
        on conflict (tenant) do update set next_index = greatest(entry_words_done.next_index, excluded.next_index)
    """
    await tx.run(query, index=index)


async def backlog(tx: Transaction, limit: int) -> int:
    """Return how many entries are not indexed, counting at most one more than ``limit`` of those without a place."""
    query = """
        select (select count(*) from (select from unsequenced where tenant = %(tenant)s limit %(limit)s) as waiting)
          + coalesce((select max(leaf_index) + 1 from leaf where tenant = %(tenant)s), 0)
          - coalesce((select next_index from entry_words_done where tenant = %(tenant)s), 0) as count
    """
    return int((await tx.one(query, limit=limit + 1)).count)


async def end(tx: Transaction) -> int:
    """Return how many entries the log has once all that wait for their place have it."""
    query = """
        select (select count(*) from unsequenced where tenant = %(tenant)s)
          + coalesce((select max(leaf_index) + 1 from leaf where tenant = %(tenant)s), 0) as count
    """
    return int((await tx.one(query)).count)


async def unindexed(tx: Transaction, below: Place, since: datetime, limit: int) -> list[Row]:
    """Return the last entries that are not indexed, in no order."""
    query = """
        select entry.id, entry.at, entry.leaf, opening.ref, opening.sealed, leaf.leaf_index
        from (
          (select entry from unsequenced where tenant = %(tenant)s order by entry desc limit %(limit)s)
          union
          (select entry from leaf where tenant = %(tenant)s and leaf_index >= coalesce(
             (select next_index from entry_words_done where tenant = %(tenant)s), 0)
           order by leaf_index desc limit %(limit)s)
        ) as waiting
        join entry on entry.id = waiting.entry
        left join opening on opening.entry = waiting.entry left join leaf on leaf.entry = waiting.entry
        where (entry.at, entry.id) < (%(at)s, %(entry)s) and entry.at >= %(since)s
    """
    rows = await tx.all(query, limit=limit, at=below.at, entry=below.entry, since=since)
    return [_row(tx.vault, row) for row in rows]


async def indexed(tx: Transaction, wanted: list[int], below: Place, since: datetime, limit: int) -> list[Row]:
    """Return the newest indexed entries below a place that have the tokens."""
    query = """
        select entry.id, entry.at, entry.leaf, opening.ref, opening.sealed, leaf.leaf_index
        from lookup_entries(%(wanted)s, %(at)s, %(entry)s, %(since)s, %(limit)s) as found
        join entry on entry.id = found.found_entry
        left join opening on opening.entry = found.found_entry left join leaf on leaf.entry = found.found_entry
        where entry.tenant = %(tenant)s
    """
    rows = await tx.all(query, wanted=bigints(wanted), at=below.at, entry=below.entry, since=since, limit=limit)
    return sorted((_row(tx.vault, row) for row in rows), key=lambda row: row.place, reverse=True)


async def one(tx: Transaction, entry: EntryId) -> Row | None:
    """Return one entry, or None."""
    query = """
        select entry.id, entry.at, entry.leaf, opening.ref, opening.sealed, leaf.leaf_index
        from entry left join opening on opening.entry = entry.id left join leaf on leaf.entry = entry.id
        where entry.tenant = %(tenant)s and entry.id = %(entry)s
    """
    row = await tx.maybe(query, entry=entry)
    return None if row is None else _row(tx.vault, row)


async def take_erased(tx: Transaction) -> list[Unworded]:
    """Remove and return the entries with words that nobody can read any more: their keys or openings are gone.

    It walks through all the tenant's words: only after something was erased. An opening that was changed keeps nobody's
    words in the index.
    """
    query = "select distinct sealed_under as head from entry_words where tenant = %(tenant)s and sealed_under <> ''"
    rows = await tx.all(query)
    is_erased = await in_slices(tx.vault.is_erased, [bytes(row.head) for row in rows])
    heads = [bytes(row.head) for row, is_gone in zip(rows, is_erased, strict=True) if is_gone]
    query = """
        with gone as (
          delete from entry_words as words where tenant = %(tenant)s and sealed_under <> '' and (
            sealed_under = any(%(heads)s)
            or not exists (select from opening where opening.entry = words.entry))
          returning entry
        )
        select entry.id, entry.at, entry.leaf, opening.ref, opening.sealed, leaf.leaf_index
        from gone join entry on entry.id = gone.entry
        left join opening on opening.entry = gone.entry left join leaf on leaf.entry = gone.entry
    """
    unworded = partial(_unworded, tx.vault, bears_changes=True)
    return await slice_by_slice(unworded, await tx.all(query, heads=octets(heads)))


async def tenants_indexed(db: Database) -> list[TenantId]:
    """Return the tenants that have a log, indexed or not."""
    return [TenantId(row.tenant) for row in await db.look_up("select lookup_logs() as tenant")]


async def tenants_behind(db: Database) -> list[TenantId]:
    """Return the tenants whose log has entries that are not indexed."""
    return [TenantId(row.tenant) for row in await db.look_up("select lookup_unworded() as tenant")]


async def first_at(tx: Transaction) -> datetime | None:
    """Return when the tenant's first entry was made, or None before it."""
    query = """
        select least(
          (select min(at) from entry_words where tenant = %(tenant)s),
          (select at from leaf join entry on entry.id = leaf.entry where leaf.tenant = %(tenant)s and leaf_index = 0)
        ) as at
    """
    at: datetime | None = (await tx.one(query)).at
    return at
