"""The SQL of a verification: all that the tables say about a stretch of the log. It is compared, never believed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from gatepost.db import Transaction
from gatepost.ids import EntryId, LeafIndex
from gatepost.keys import ErasedError, KeyringError, Vault
from gatepost.record import store, word_store

DECISION = (
    *("account", "email", "thread", "in_reply_to", "direction", "disposition", "outcome", "reason"),
    "received_at",
)
"""Columns of ``decision_row`` that repeat what the leaf says, in this order wherever they stand together."""
CONSEQUENCE = ("account", "email", "kind", "action")
"""Likewise of ``consequence``."""
_DECISION_AT = 11
_CONSEQUENCE_AT = _DECISION_AT + 1 + len(DECISION)


class Held(NamedTuple):
    """All the tables hold of one place in the log; None where a row is missing.

    ``opening`` is None also where nobody can read it any more (``is_erased``), and empty where it does not open.
    ``tokens`` are what it is found by, as PostgreSQL spells an array, None where the index has no such entry, though
    it must where ``is_indexed``; ``is_sealed``: they are those that the indexer wrote; ``is_under``: they are forgotten
    with the keys of the opening.
    """

    leaf_index: LeafIndex
    entry: EntryId
    leaf: bytes | None
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


async def held(tx: Transaction, start: int, end: int) -> Iterator[Held]:
    """Yield what the tables hold of the places ``start`` up to and without ``end``, in order.

    One after the other, opened when it is asked for: thousands of openings at once keep the garbage collector busier
    than they keep us. ``limit`` keeps each row a look-up of its own: joined, they are sorted on disk, and found by a
    walk through all there are.
    """
    query = """
        select leaf.leaf_index, leaf.entry, written.leaf, written.kind, written.at, opened.ref, opened.sealed,
          array_send(words.tokens) as tokens, words.sealed_under, words.seal,
          decided.entry as decided, decided.account, decided.email, decided.thread, decided.in_reply_to,
          decided.direction, decided.disposition, decided.outcome, decided.reason, decided.received_at,
          followed.entry as followed, followed.account, followed.email, followed.kind, followed.action,
          coalesce((select next_index from entry_words_done where tenant = %(tenant)s), 0) as indexed
        from leaf
        left join lateral (select id, leaf, kind, at from entry where id = leaf.entry limit 1) as written on true
        left join lateral (
          select tokens, sealed_under, seal from entry_words
          where tenant = %(tenant)s and at = written.at and entry = written.id limit 1
        ) as words on true
        left join lateral (select ref, sealed from opening where entry = leaf.entry limit 1) as opened on true
        left join lateral (select * from decision_row where entry = leaf.entry limit 1) as decided on true
        left join lateral (select * from consequence where entry = leaf.entry limit 1) as followed on true
        where leaf.tenant = %(tenant)s and leaf.leaf_index >= %(start)s and leaf.leaf_index < %(end)s
        order by leaf.leaf_index
    """
    vault = tx.vault
    tx.send("set local max_parallel_workers_per_gather = 0")  # to start one costs more than it takes off
    rows = await tx.all(query, start=start, end=end)
    seals = word_store.seals(vault, [(row.entry, row.sealed_under or b"", row.tokens or b"") for row in rows])
    return (_held(vault, row, seal) for row, seal in zip(rows, seals, strict=True))


def _held(vault: Vault, row: Any, seal: bytes) -> Held:
    opening, is_erased = _opened(vault, row)
    under = row.sealed_under
    return Held(
        row.leaf_index,
        row.entry,
        row.leaf,
        row.kind,
        row.at,
        row.ref,
        opening,
        is_erased,
        None if row.decided is None else row[_DECISION_AT : _CONSEQUENCE_AT - 1],
        None if row.followed is None else row[_CONSEQUENCE_AT : _CONSEQUENCE_AT + len(CONSEQUENCE)],
        row.tokens,
        row.seal == seal,
        row.leaf_index < row.indexed,
        under is None or row.sealed is None or under == row.sealed[: word_store.SEALED_UNDER_OCTETS],
    )


def _opened(vault: Vault, row: Any) -> tuple[bytes | None, bool]:
    """Return the octets of an opening and whether it was erased."""
    if row.sealed is None:
        return None, False
    try:
        return store.unsealed(vault, row), False
    except ErasedError:
        return None, True
    except KeyringError:
        return b"", False


async def is_balanced(tx: Transaction) -> bool:
    """Tell whether there are as many rows of each kind as there must be: naming them takes joins, counting does not.

    Whoever takes one and puts another in keeps the counts. Where a checkpoint covers the one, the walk through the log
    misses it; what no checkpoint covers yet is looked at here.
    """
    query = """
        with uncovered as (
          select entry from leaf where tenant = %(tenant)s and leaf_index >= coalesce(
            (select max(size) from checkpoint where tenant = %(tenant)s), 0)
          union all select entry from unsequenced where tenant = %(tenant)s
        )
        select
          (select count(*) from entry where tenant = %(tenant)s) as entries,
          (select count(*) from leaf where tenant = %(tenant)s) as placed,
          (select coalesce(max(leaf_index) + 1, 0) from leaf where tenant = %(tenant)s) as places,
          (select count(*) from unsequenced where tenant = %(tenant)s) as waiting,
          (select count(*) from decision_row where tenant = %(tenant)s)
            + (select count(*) from consequence where tenant = %(tenant)s) as rows,
          exists (select from opening where tenant = %(tenant)s
            and not exists (select from entry where id = opening.entry)) as is_orphaned,
          exists (select from uncovered
            where not exists (select from entry where id = uncovered.entry)
              or not exists (select from decision_row where entry = uncovered.entry)
                and not exists (select from consequence where entry = uncovered.entry)) as is_bare
    """
    found = await tx.one(query)
    is_complete = found.entries == found.placed + found.waiting == found.rows and found.places == found.placed
    return is_complete and not found.is_orphaned and not found.is_bare


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
