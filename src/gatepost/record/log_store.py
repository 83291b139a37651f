"""The record's SQL for the log: places, keys, checkpoints, and what a verification compares."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

import orjson

from gatepost.db import Database, Transaction
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.jobs.slices import in_slices
from gatepost.keys import ErasedError, KeyringError, Vault
from gatepost.ledger.errors import LedgerError
from gatepost.record import copied, store

LOG_KEY_PURPOSE = "log key"
"""What the house's keyring wraps a log's signing key for."""
PLACES_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class LogKey:
    """A tenant's log key as it is stored; ``wrapped_seed`` opens under the house's keyring only."""

    origin: str
    vkey: str
    wrapped_seed: bytes

    @property
    def spelled(self) -> bytes:
        """How it lies on the second store."""
        return orjson.dumps({"origin": self.origin, "vkey": self.vkey, "wrapped_seed": self.wrapped_seed.hex()})

    @classmethod
    def read(cls, octets: bytes) -> Self:
        """Read ``spelled``; raises ``LedgerError`` where it is none."""
        try:
            found = orjson.loads(octets)
            return cls(str(found["origin"]), str(found["vkey"]), bytes.fromhex(found["wrapped_seed"]))
        except (KeyError, TypeError, ValueError) as error:
            raise LedgerError("the second store's copy of the log key cannot be read") from error


@dataclass(frozen=True, slots=True)
class Stored:
    """One place in the log with its entry; ``opening`` is None where there is none to read, or no longer."""

    leaf_index: LeafIndex
    entry: EntryId
    leaf: bytes
    opening: Any


async def try_lock(tx: Transaction) -> bool:
    """Take the right to write the tenant's log until the transaction ends; False where somebody else has it."""
    query = "select pg_try_advisory_xact_lock(hashtextextended('log ' || %(tenant)s, 0)) as is_ours"
    return bool((await tx.one(query)).is_ours)


async def hold(tx: Transaction) -> None:
    """Say that a lock is still wanted: PostgreSQL ends a transaction that is silent for too long (``db.pool``)."""
    await tx.run("select 1")


async def tenants_waiting(db: Database) -> list[TenantId]:
    """Return the tenants with entries that have no place in their log."""
    return [TenantId(row.tenant) for row in await db.look_up("select lookup_unsequenced() as tenant")]


async def tenants_with_log(db: Database) -> list[TenantId]:
    """Return the tenants that have a log key."""
    return [TenantId(row.tenant) for row in await db.look_up("select lookup_logs() as tenant")]


async def assign(tx: Transaction, limit: int) -> int:
    """Give waiting entries the next places, lowest number first; return how many.

    Only under the tenant's lock. Entries commit out of order: one that appears late gets a later place, and none is
    passed over, because what waits is a queue and not a range.
    """
    query = """
        with taken as (
          delete from unsequenced
          where tenant = %(tenant)s and entry in (
            select entry from unsequenced where tenant = %(tenant)s order by entry limit %(limit)s)
          returning entry
        )
        insert into leaf (tenant, leaf_index, entry)
        select %(tenant)s, row_number() over (order by entry) - 1
          + coalesce((select max(leaf_index) + 1 from leaf where tenant = %(tenant)s), 0), entry
        from taken
    """
    return await tx.run(query, limit=limit)


async def size(tx: Transaction) -> int:
    """Return how many places are given."""
    query = "select coalesce(max(leaf_index) + 1, 0) as size from leaf where tenant = %(tenant)s"
    return int((await tx.one(query)).size)


async def waiting(tx: Transaction) -> int:
    """Return how many entries have no place yet."""
    return int((await tx.one("select count(*) as count from unsequenced where tenant = %(tenant)s")).count)


async def leaves(tx: Transaction, start: int, end: int = PLACES_MAX) -> list[bytes]:
    """Return the leaves at places ``start`` up to and without ``end``, or up to the last one, in order.

    ``limit`` keeps each entry a look-up of its own, here and below: as a join of all, it is planned as a walk through
    every entry there is, for as long as a house has some thousands of them.
    """
    query = """
        select written.leaf from leaf as placed
        cross join lateral (select leaf from entry where entry.id = placed.entry limit 1) as written
        where placed.tenant = %(tenant)s and placed.leaf_index >= %(start)s and placed.leaf_index < %(end)s
        order by placed.leaf_index
    """
    return [bytes(row.leaf) for row in await tx.all(query, start=start, end=end)]


async def entry_at(tx: Transaction, leaf_index: LeafIndex) -> EntryId | None:
    """Return which entry has that place, or None."""
    query = "select entry from leaf where tenant = %(tenant)s and leaf_index = %(leaf_index)s"
    row = await tx.maybe(query, leaf_index=leaf_index)
    return None if row is None else EntryId(row.entry)


async def last_checkpoint(tx: Transaction) -> bytes | None:
    """Return the newest checkpoint ever signed, or None."""
    query = "select note from checkpoint where tenant = %(tenant)s order by size desc limit 1"
    row = await tx.maybe(query)
    return None if row is None else bytes(row.note)


async def checkpoints(tx: Transaction, start: int, end: int) -> list[tuple[int, bytes]]:
    """Return the checkpoints of sizes above ``start`` up to ``end``, smallest first."""
    query = """
        select size, note from checkpoint
        where tenant = %(tenant)s and size > %(start)s and size <= %(end)s order by size
    """
    return [(row.size, bytes(row.note)) for row in await tx.all(query, start=start, end=end)]


async def checkpoints_after(tx: Transaction, start: int, limit: int) -> list[tuple[int, bytes]]:
    """Return the first checkpoints of sizes above ``start``, smallest first."""
    query = """
        select size, note from checkpoint where tenant = %(tenant)s and size > %(start)s order by size limit %(limit)s
    """
    return [(row.size, bytes(row.note)) for row in await tx.all(query, start=start, limit=limit)]


async def count_checkpoints(tx: Transaction) -> int:
    """Return how many checkpoints were ever signed."""
    return int((await tx.one("select count(*) as count from checkpoint where tenant = %(tenant)s")).count)


async def keep_checkpoint(tx: Transaction, size_now: int, note: bytes) -> None:
    """Remember a checkpoint for ever; a second one of the same size is an error of ours that fails here."""
    query = "insert into checkpoint (tenant, size, note) values (%(tenant)s, %(size)s, %(note)s)"
    await tx.run(query, size=size_now, note=note)


async def log_key(tx: Transaction) -> LogKey | None:
    """Return the tenant's log key, or None before the first entry was sequenced."""
    row = await tx.maybe("select origin, vkey, wrapped_seed from log_key where tenant = %(tenant)s")
    return None if row is None else LogKey(row.origin, row.vkey, bytes(row.wrapped_seed))


async def add_log_key(tx: Transaction, key: LogKey) -> None:
    """Store the tenant's log key; the one stored first stays."""
    query = """
        insert into log_key (tenant, origin, vkey, wrapped_seed)
        values (%(tenant)s, %(origin)s, %(vkey)s, %(wrapped_seed)s) on conflict (tenant) do nothing
    """
    await tx.run(query, origin=key.origin, vkey=key.vkey, wrapped_seed=key.wrapped_seed)


async def stored(tx: Transaction, start: int, end: int) -> list[Stored]:
    """Return the entries at places ``start`` up to and without ``end``, opened, in order."""
    query = """
        select placed.leaf_index, placed.entry, written.leaf, opened.ref, opened.sealed
        from leaf as placed
        cross join lateral (select leaf from entry where entry.id = placed.entry limit 1) as written
        left join lateral (select ref, sealed from opening where opening.entry = placed.entry limit 1) as opened on true
        where placed.tenant = %(tenant)s and placed.leaf_index >= %(start)s and placed.leaf_index < %(end)s
        order by placed.leaf_index
    """
    return [
        Stored(LeafIndex(row.leaf_index), EntryId(row.entry), bytes(row.leaf), _opened(tx.vault, row))
        for row in await tx.all(query, start=start, end=end)
    ]


def _opened(vault: Vault, row: Any) -> Any:
    with suppress(
        ErasedError, KeyringError, orjson.JSONDecodeError
    ):  # erased, or broken: `gatepost log verify` tells which
        return None if row.sealed is None else store.opened(vault, row)
    return None


async def copied_rows(tx: Transaction, start: int, end: int) -> list[str]:
    """Return a line for each place from ``start`` up to and without ``end``: all its rows (``copied``).

    `json`, not `jsonb`: it is written once as text, and building it a second way costs three times as much. Octets come
    as they are: PostgreSQL would spell two digits for each.
    """
    query = """
        select json_build_object('place', row_to_json(placed), 'entry', row_to_json(written),
          'opening', row_to_json(opened), 'decision', row_to_json(decided), 'consequence', row_to_json(followed)
        )::text as line, shut.sealed
        from leaf as placed
        cross join lateral (select id, tenant, kind, at from entry where entry.id = placed.entry limit 1) as written
        left join lateral (select entry, tenant, ref from opening where opening.entry = placed.entry limit 1) as opened
          on true
        left join lateral (select sealed from opening where opening.entry = placed.entry limit 1) as shut on true
        left join lateral (select * from decision_row as found where found.entry = placed.entry limit 1)
          as decided on true
        left join lateral (select * from consequence as found where found.entry = placed.entry limit 1)
          as followed on true
        where placed.tenant = %(tenant)s and placed.leaf_index >= %(start)s and placed.leaf_index < %(end)s
        order by placed.leaf_index
    """
    return await in_slices(lambda row: copied.spell(*row), await tx.tuples(query, start=start, end=end))


async def seal_copies(tx: Transaction, bundles: Mapping[int, bytes]) -> None:
    """Remember that these octets are what whole bundles of rows on the second store look like, by their numbers."""
    query = """
        insert into row_copy (tenant, bundle, seal)
        select %(tenant)s, bundle, seal from unnest(%(bundles)s::bigint[], %(seals)s::bytea[]) as made (bundle, seal)
        on conflict do nothing
    """
    sealed = [copy_seal(tx.vault, bundle, octets) for bundle, octets in bundles.items()]
    await tx.run(query, bundles=list(bundles), seals=sealed)


async def copy_seals(tx: Transaction, start: int, end: int) -> dict[int, bytes]:
    """Return what is remembered of the bundles ``start`` up to and without ``end``, by their numbers."""
    query = """
        select bundle, seal from row_copy
        where tenant = %(tenant)s and bundle >= %(start)s and bundle < %(end)s
    """
    return {row.bundle: bytes(row.seal) for row in await tx.all(query, start=start, end=end)}


def copy_seal(vault: Vault, bundle: int, octets: bytes) -> bytes:
    """Return what only the house can tell of a bundle's octets."""
    return vault.blind("rows on the second store", b"%d/%b" % (bundle, sha256(octets).digest()))


async def put_back(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as ``copied.read`` gives them, by their names; those that are there stay as they are."""
    lines = [orjson.dumps(each).decode() for each in rows]
    for table, name in (
        ("entry", "entry"),
        ("opening", "opening"),
        ("decision_row", "decision"),
        ("consequence", "consequence"),
        ("leaf", "place"),
    ):
        query = f"""
            insert into {table}
            select row.* from unnest(%(lines)s::text[]) as line,
              jsonb_populate_record(null::{table}, line::jsonb -> '{name}') as row
            where jsonb_typeof(line::jsonb -> '{name}') = 'object' on conflict do nothing
        """  # noqa: S608  # the five names above
        await tx.run(query, lines=lines)
    query = """
        delete from unsequenced using leaf
        where unsequenced.tenant = %(tenant)s and leaf.tenant = %(tenant)s and leaf.entry = unsequenced.entry
    """
    await tx.run(query)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An entry as it was accepted, and whether it has its place in the log."""

    entry: EntryId
    leaf: bytes
    is_placed: bool


async def accepted_from(tx: Transaction, lowest: int) -> list[Accepted]:
    """Return the entries with that number or a higher one."""
    query = """
        select entry.id, entry.leaf, leaf.entry is not null as is_placed
        from entry left join leaf on leaf.entry = entry.id
        where entry.tenant = %(tenant)s and entry.id >= %(lowest)s order by entry.id
    """
    rows = await tx.all(query, lowest=lowest)
    return [Accepted(EntryId(row.id), bytes(row.leaf), row.is_placed) for row in rows]


async def renumber(tx: Transaction, was: EntryId, becomes: EntryId, leaf: bytes) -> None:
    """Give an entry without a place another number, which its leaf says; for the keeper's role alone."""
    query = "select keeper_renumber(%(was)s, %(becomes)s, %(leaf)s)"
    await tx.all(query, was=was, becomes=becomes, leaf=leaf)


async def pass_numbers(db: Database, highest: EntryId) -> None:
    """Let the next entry of any tenant have a number above that."""
    query = """
        with recursive drawn as (
          select nextval('entry_id') as number
          union all select nextval('entry_id') from drawn where number < %(highest)s
        )
        select count(*) from drawn
    """
    await db.look_up(query, highest=highest)
