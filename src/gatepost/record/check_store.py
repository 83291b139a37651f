"""The SQL of a verification: all that the tables say about a stretch of the log. It is compared, never believed."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, Self

from gatepost.db import Transaction
from gatepost.db.column import Column, bigints, times
from gatepost.ids import EntryId, LeafIndex
from gatepost.keys import ErasedError, KeyLostError, KeyringError, Vault
from gatepost.record import store, word_store

DECISION = (
    *("account", "email", "thread", "in_reply_to", "direction", "disposition", "outcome", "reason"),
    "received_at",
)
"""Columns of ``decision_row`` that repeat what the leaf says, in this order wherever they stand together."""
CONSEQUENCE = ("account", "email", "kind", "action")
"""Likewise of ``consequence``."""
_APART_MAX = 8
_AT = 3  # of the columns of an entry
_NO_ENTRY, _NO_WORDS = (None, None, None, None), (None, None, True)


class Held(NamedTuple):
    """All the tables hold of one place in the log; None where a row is missing.

    ``leaf_hash`` is that of the octets which the table has for the leaf (RFC 6962 section 2.1).
    ``opening`` is None also where nobody can read it any more (``is_erased``), and empty where it does not open.
    ``tokens`` are what it is found by, as PostgreSQL spells an array, None where the index has no such entry, though
    it must where ``is_indexed``; ``is_sealed``: they are those that the indexer wrote; ``is_under``: they are forgotten
    with the keys of the opening. ``is_lost``: nobody destroyed the key without which nobody can read the opening.
    """

    leaf_index: LeafIndex
    entry: EntryId
    leaf_hash: bytes | None
    kind: str | None
    at: datetime | None
    opening_ref: str | None
    opening: bytes | None
    is_erased: bool
    decision: tuple[Any, ...] | None
    consequence: tuple[Any, ...] | None
    tokens: bytes | None = None
    is_sealed: bool = True
    is_indexed: bool = False
    is_under: bool = True
    is_lost: bool = False


_ENTRIES = """
    select found.* from unnest(%(lows)s, %(highs)s) as run (low, high) cross join lateral (
      select id, sha256('\\x00'::bytea || leaf) as leaf_hash, kind, at
      from entry where tenant = %(tenant)s and id between run.low and run.high offset 0
    ) as found
"""
_OPENINGS = """
    select found.* from unnest(%(lows)s, %(highs)s) as run (low, high) cross join lateral (
      select entry, ref, sealed from opening where tenant = %(tenant)s and entry between run.low and run.high offset 0
    ) as found
"""
_DECISIONS = """
    select found.* from unnest(%(lows)s, %(highs)s) as run (low, high) cross join lateral (
      select entry, account, email, thread, in_reply_to, direction, disposition, outcome, reason, received_at
      from decision_row where tenant = %(tenant)s and entry between run.low and run.high offset 0
    ) as found
"""
_CONSEQUENCES = """
    select found.* from unnest(%(lows)s, %(highs)s) as run (low, high) cross join lateral (
      select entry, account, email, kind, action
      from consequence where tenant = %(tenant)s and entry between run.low and run.high offset 0
    ) as found
"""
_WORDS = """
    select found.* from unnest(%(lows)s, %(highs)s, %(begins)s, %(ends)s) as run (low, high, since, until)
    cross join lateral (
      select entry, at, array_send(tokens) as tokens, sealed_under, seal from entry_words
      where tenant = %(tenant)s and at between run.since and run.until
        and entry between run.low and run.high offset 0
    ) as found
"""


async def held(tx: Transaction, start: int, end: int) -> "Stretch":
    """Return what the tables hold of the places ``start`` up to and without ``end``.

    Each table is walked through along its own index: what stands together in the log has numbers close together, and to
    look each of them up costs ten times as much. ``offset`` keeps each run a walk of its own (``_runs``).
    """
    query = """
        select leaf_index, entry,
          coalesce((select next_index from entry_words_done where tenant = %(tenant)s), 0) as indexed
        from leaf where tenant = %(tenant)s and leaf_index >= %(start)s and leaf_index < %(end)s
        order by leaf_index
    """
    tx.send("set local max_parallel_workers_per_gather = 0")  # to start one costs more than it takes off
    placed = await tx.tuples(query, start=start, end=end)
    lows, highs = _runs([entry for _, entry, _ in placed])
    runs = {"lows": bigints(lows), "highs": bigints(highs)}
    entries, openings, decisions, consequences = await asyncio.gather(
        tx.tuples(_ENTRIES, **runs),
        tx.tuples(_OPENINGS, **runs),
        tx.tuples(_DECISIONS, **runs),
        tx.tuples(_CONSEQUENCES, **runs),
    )
    words = await tx.tuples(_WORDS, **_spans(lows, highs, entries))
    return Stretch.of(tx.vault, placed, entries, openings, decisions, consequences, words)


def _spans(lows: Sequence[int], highs: Sequence[int], entries: Iterable[tuple[Any, ...]]) -> dict[str, Column]:
    """Return the runs that have entries, each with the first and the last time of these: words are kept by time."""
    rows = sorted(entries, key=itemgetter(0))
    numbers = [row[0] for row in rows]
    spans = []
    for low, high in zip(lows, highs, strict=True):
        if moments := [row[_AT] for row in rows[bisect_left(numbers, low) : bisect_right(numbers, high)]]:
            spans.append((low, high, min(moments), max(moments)))
    return {
        "lows": bigints([low for low, *_ in spans]),
        "highs": bigints([high for _, high, *_ in spans]),
        "begins": times([since for *_, since, _ in spans]),
        "ends": times([until for *_, until in spans]),
    }


def _runs(entries: Iterable[int]) -> tuple[list[int], list[int]]:
    """Return the first and the last numbers of the runs that make up ``entries``.

    Entries of other tenants lie between, whose rows are passed over: that costs an eighth of a look-up.
    """
    lows: list[int] = []
    highs: list[int] = []
    for entry in sorted(entries):
        if highs and entry <= highs[-1] + _APART_MAX:
            highs[-1] = entry
        else:
            lows.append(entry)
            highs.append(entry)
    return lows, highs


class Stretch(NamedTuple):
    """What the tables hold of some places of the log: by the numbers of the entries, whole rows as they came.

    Attributes:
        places: the entries by their leaf indexes.
        findable: the entries whose words are those that the indexer wrote, and are tied to the keys of their openings.
    """

    places: Mapping[int, EntryId]
    indexed: int
    entries: Mapping[int, tuple[Any, ...]]
    openings: Mapping[int, tuple[Any, ...]]
    opened: Mapping[int, bytes | ErasedError | KeyringError]
    decisions: Mapping[int, tuple[Any, ...]]
    consequences: Mapping[int, tuple[Any, ...]]
    words: Mapping[int, tuple[bytes, bytes, bool]]
    findable: AbstractSet[int]

    @classmethod
    def of(cls, vault: Vault, placed: list[tuple[Any, ...]], *tables: list[tuple[Any, ...]]) -> Self:
        """Take the rows of the queries above; words are an entry's where they stand at its time: searches go there."""
        entries, openings, decisions, consequences, words = tables
        known, sealed = {row[0]: row for row in entries}, {row[0]: row for row in openings}
        opened = vault.open_all([(store.place_of(ref), octets) for _, ref, octets in openings])
        seals = _seals(vault, words)
        found = {
            entry: (tokens, under, seal == made)
            for (entry, at, tokens, under, seal), made in zip(words, seals, strict=True)
            if entry in known and known[entry][_AT] == at
        }
        return cls(
            {index: entry for index, entry, _ in placed},
            placed[0][2] if placed else 0,
            known,
            sealed,
            dict(zip(sealed, opened, strict=True)),
            {row[0]: row for row in decisions},
            {row[0]: row for row in consequences},
            found,
            {
                entry
                for entry, (_, under, is_sealed) in found.items()
                if is_sealed and (entry not in sealed or _is_under(under, sealed[entry]))
            },
        )

    def held(self, leaf_index: LeafIndex) -> Held | None:
        """Return all of one place; None where no entry has it."""
        entry = self.places.get(leaf_index)
        if entry is None:
            return None
        _, leaf_hash, kind, at = self.entries.get(entry, _NO_ENTRY)
        opening, opened = self.openings.get(entry), self.opened.get(entry)
        tokens, under, is_sealed = self.words.get(entry, _NO_WORDS)
        return Held(
            leaf_index,
            entry,
            leaf_hash,
            kind,
            at,
            None if opening is None else opening[1],
            opened if type(opened) is bytes else b"" if isinstance(opened, KeyringError) else None,
            isinstance(opened, ErasedError),
            beside(self.decisions.get(entry)),
            beside(self.consequences.get(entry)),
            tokens,
            is_sealed,
            leaf_index < self.indexed,
            under is None or opening is None or _is_under(under, opening),
            isinstance(opened, KeyLostError),
        )


def _seals(vault: Vault, words: Sequence[tuple[Any, ...]]) -> list[bytes]:
    """Return what the seals beside words must be; what they are where the tenant's key does not open: that is named."""
    try:
        return word_store.seals(vault.blinder, [(entry, under, tokens) for entry, _, tokens, under, _ in words])
    except KeyringError:
        return [bytes(seal) for *_, seal in words]


def beside(row: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """Return a row without its entry's number."""
    return None if row is None else row[1:]


def _is_under(under: bytes, opening: tuple[Any, ...]) -> bool:
    """Tell whether words are tied to the keys of an opening, of which the row is given."""
    return bool(under == opening[2][: word_store.SEALED_UNDER_OCTETS])


async def is_balanced(tx: Transaction) -> bool:
    """Tell whether every row has its entry and every entry its rows and its place: to name them takes far longer.

    The walk through the log sees what a checkpoint covers; what none covers yet is looked at here. Rows astray are
    looked for in all tenants' parts at once, by indexes alone (``lookup_astray``): whoever asks then names its own.
    """
    query = """
        with uncovered as (
          select entry from leaf where tenant = %(tenant)s and leaf_index >= coalesce(
            (select max(size) from checkpoint where tenant = %(tenant)s), 0)
          union all select entry from unsequenced where tenant = %(tenant)s
        )
        select not lookup_astray()
          and (select count(*) = coalesce(max(leaf_index) + 1, 0) from leaf where tenant = %(tenant)s)
          and not exists (select from uncovered
            where not exists (select from entry where id = uncovered.entry)
              or exists (select from decision_row where entry = uncovered.entry)
                = exists (select from consequence where entry = uncovered.entry)) as is_balanced
    """
    return bool((await tx.one(query)).is_balanced)


async def skipped(tx: Transaction) -> list[LeafIndex]:
    """Return the places beyond the newest checkpoint that no entry has, and a later one has; of each gap the first.

    The sequencer gives places without a gap, and goes on with none.
    """
    query = """
        select place from (
          select coalesce(lag(leaf_index) over (order by leaf_index), -1) + 1 as place, leaf_index
          from leaf where tenant = %(tenant)s
        ) as placed
        where leaf_index > place
          and place >= coalesce((select max(size) from checkpoint where tenant = %(tenant)s), 0)
        order by place
    """
    return [LeafIndex(row.place) for row in await tx.all(query)]


async def astray(tx: Transaction) -> list[tuple[str, EntryId]]:
    """Return the rows that belong to no entry, and the entries that are neither in the log nor waiting for it."""
    query = """
        select 'entry' as name, entry.id from entry
        where entry.tenant = %(tenant)s
          and not exists (select from leaf where leaf.entry = entry.id)
          and not exists (select from unsequenced where unsequenced.entry = entry.id)
        union all select 'place', entry from leaf
        where tenant = %(tenant)s and not exists (select from entry where id = leaf.entry)
        union all select 'turn', entry from unsequenced
        where tenant = %(tenant)s and not exists (select from entry where id = unsequenced.entry)
        union all select 'decision_row', entry from decision_row
        where tenant = %(tenant)s and not exists (select from entry where id = decision_row.entry)
        union all select 'consequence', entry from consequence
        where tenant = %(tenant)s and not exists (select from entry where id = consequence.entry)
        union all select 'opening', entry from opening
        where tenant = %(tenant)s and not exists (select from entry where id = opening.entry)
        order by 2, 1
    """
    return [(row.name, EntryId(row.id)) for row in await tx.all(query)]
