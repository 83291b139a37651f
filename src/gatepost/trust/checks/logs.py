"""The logs themselves: do they only grow, do acts stand in them, are they kept?"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import orjson

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import (
    consistency_ranges,
    hash_range,
    inclusion_ranges,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from gatepost.ledger.note import VerifierKey
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import ENTRIES, WIDTH, needed, reader, tile_at, unpack
from gatepost.record import export, files, log_store
from gatepost.record.trust_log import TRUST
from gatepost.trust import reading_store
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed, unverified
from gatepost.trust.reading import PERIOD, Reading, after, begun, chosen
from gatepost.trust.world import World

WITHIN_S = 60.0
KEPT = timedelta(days=30)
GAP_MAX = timedelta(hours=1)
_EARLIER = 3
_LINES_MAX = 2_000_000
_TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Log:
    """A log, checkpoints that were signed before, as notes, and how far it was read before this look."""

    tenant: TenantId
    vkey: str
    earlier: tuple[bytes, ...]
    reading: Reading


Rows = Callable[[TenantId, int, int], Awaitable[list[bytes]]]
"""The leaves that the tables hold for places ``start`` up to and without ``end``."""
Keep = Callable[[TenantId, Reading], Awaitable[None]]
"""Remembers how far a log was read."""


@dataclass(frozen=True, slots=True)
class Logs:
    """Logs as they lie published, and what the tables hold."""

    blobs: Blobs
    logs: tuple[Log, ...]
    rows: Rows
    keep: Keep
    now: datetime


async def house_logs(world: World, _arguments: Mapping[str, str]) -> Logs:
    """Return every log of the house, with its first and some later checkpoints, and any that was not sound before."""
    db, found, now = world.house.db, [], world.house.clock()
    for tenant in await log_store.tenants_with_log(db):
        async with db.transaction(TRUST) as tx:
            reading = await reading_store.read(tx, tenant) or begun(now)
        async with db.transaction(tenant) as tx:
            key, head = await log_store.log_key(tx), await export.head(tx)
            if key is None or head is None:
                continue
            signed = await log_store.checkpoints(tx, max(0, head.size - 500), head.size)
            doubted = [note for size in reading.heads for _, note in await log_store.checkpoints(tx, size - 1, size)]
        step = max(1, len(signed) // _EARLIER)
        found.append(Log(tenant, key.vkey, (*(note for _, note in signed[::step]), *doubted), reading))
    if not found:
        raise CannotVerifyError("log.none")

    async def rows(tenant: TenantId, start: int, end: int) -> list[bytes]:
        async with db.transaction(tenant) as tx:
            return await log_store.leaves(tx, start, end)

    async def keep(tenant: TenantId, reading: Reading) -> None:
        async with db.transaction(TRUST) as tx:
            await reading_store.keep(tx, tenant, reading)

    return Logs(world.house.blobs, tuple(found), rows, keep, now)


async def consistent(target: Logs) -> Finding:
    """See that each published checkpoint is signed and extends those signed before, by the tiles as published.

    The newest entries, those that are next in the reading of the whole log, and what was ever found wrong and is not
    sound since, are held to the signed root and to the tables: octet for octet.
    """
    compared, read, wrong, late = 0, 0, 0, 0
    for log in target.logs:
        try:
            key = VerifierKey.parse(log.vkey)
            newest = Checkpoint.open(await target.blobs.read(files.checkpoint_path(log.tenant)) or b"", key)
            signed = [Checkpoint.open(each, key) for each in log.earlier]
        except LedgerError:
            return failed("log.inconsistent")
        if signed and newest.size < min(older.size for older in signed):
            return failed("log.shrank")
        older = [each for each in signed if each.size <= newest.size]  # others wait to be shown
        found, count = await _read_on(target, log, newest, older)
        await target.keep(log.tenant, found)
        compared, read = compared + len(older), read + count
        wrong += len(found.bundles) + len(found.heads)
        late += found.is_late(target.now)
    if wrong:
        return failed("log.inconsistent", wrong, "places")
    if late:
        return unverified("log.unread")
    value = {"logs": len(target.logs), "checkpoints": compared, "entries": read}
    return passed({**value, "each_entry_within_hours": PERIOD // timedelta(hours=1)})


async def _read_on(target: Logs, log: Log, newest: Checkpoint, older: Sequence[Checkpoint]) -> tuple[Reading, int]:
    """Return how far a log is read after this look, with all that is not sound now; and how many entries were read."""
    heads = [each.size for each in older if not await _is_sound(_extends(target.blobs, log.tenant, each, newest))]
    gone = set(log.reading.heads) - {each.size for each in older}  # nobody can show any more that they were extended
    bundles = -(-newest.size // WIDTH)
    on = chosen(log.reading, bundles, len(target.logs), target.now)
    wanted = {*on, *range(max(0, bundles - 2), bundles), *(each for each in log.reading.bundles if each < bundles)}
    bad = [each for each in sorted(wanted) if not await _is_sound(_bundle(target, log, newest, each))]
    reading = after(log.reading, on, bundles, target.now, bad=bad, heads={*heads, *gone})
    return reading, min(newest.size, len(wanted) * WIDTH)


async def _is_sound(looked: Awaitable[None]) -> bool:
    try:
        await looked
    except LedgerError:
        return False
    return True


async def _bundle(target: Logs, log: Log, newest: Checkpoint, index: int) -> None:
    """Compare a bundle's entries; raises ``LedgerError`` where the root, the tiles or the tables say otherwise."""
    size, first = newest.size, index * WIDTH
    bundle, hashes = tile_at(ENTRIES, index, size), tile_at(0, index, size)
    ranges = inclusion_ranges(first, size)
    lying = await files.read_tiles(target.blobs, log.tenant, {bundle, hashes, *needed(ranges, size)})
    if not {bundle, hashes} <= set(lying):
        raise LedgerError("a tile is missing")
    entries = unpack(bundle, lying[bundle])
    if b"".join(map(leaf_hash, entries)) != lying[hashes]:
        raise LedgerError("an entry is not the one that was hashed")
    read = reader(size, lying)  # the siblings of a bundle's first entry are made of all the others
    proof = [hash_range(leaves, read) for leaves in ranges]
    verify_inclusion(first, size, leaf_hash(entries[0]), proof, newest.root)
    if await target.rows(log.tenant, first, first + len(entries)) != entries:
        raise LedgerError("a row is not the entry that was published")


async def _extends(blobs: Blobs, tenant: TenantId, older: Checkpoint, newer: Checkpoint) -> None:
    """Recompute the proof from the tiles; raises ``LedgerError`` where one does not extend the other."""
    if older.size in {0, newer.size}:
        if older.size and older.root != newer.root:
            raise LedgerError("two roots of one size")
        return
    ranges = consistency_ranges(older.size, newer.size)
    tiles = await files.read_tiles(blobs, tenant, needed(ranges, newer.size))
    read = reader(newer.size, tiles)
    proof = [hash_range(leaves, read) for leaves in ranges]
    verify_consistency(older.size, newer.size, proof, older.root, newer.root)


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody who acts, and whose log must tell of it."""

    db: Database
    blobs: Blobs
    tenant: TenantId
    act: Callable[[], Awaitable[str]]
    within_s: float


async def canary_acts(world: World, _arguments: Mapping[str, str]) -> Acting:
    """Return the canaries' tenant."""
    if world.canary is None:
        raise CannotVerifyError("canary.missing")
    return Acting(world.house.db, world.house.blobs, world.canary.tenant, world.canary.act, WITHIN_S)


async def act_logged(target: Acting) -> Finding:
    """Do an administrative act and see it in the tenant's log, with a proof under the published checkpoint."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with target.db.transaction(target.tenant) as tx:
        start = await log_store.size(tx)
        key = await log_store.log_key(tx)
    action = await target.act()
    while loop.time() - began < target.within_s:
        published = await files.read_checkpoint(target.blobs, target.tenant)
        size = published[1].size if published else 0
        async with target.db.transaction(target.tenant) as tx:
            entries = await export.published(tx, start, size, opened=False)
            key = key or await log_store.log_key(tx)
        for entry in entries:
            if orjson.loads(entry.leaf)["action"] != action or key is None:
                continue
            proof = await export.prove(target.blobs, target.tenant, entry.leaf_index)
            Proof.parse(proof).verify(entry.leaf, VerifierKey.parse(key.vkey))
            return passed(round(loop.time() - began, 1), "seconds to the proof")
        await asyncio.sleep(min(0.25, target.within_s / 4))
    return failed("act.unlogged", action)


@dataclass(frozen=True, slots=True)
class LogFolder:
    """A folder of operations logs, and since when the house runs."""

    folder: Path
    since: datetime
    now: datetime


async def operations_logs(world: World, _arguments: Mapping[str, str]) -> LogFolder:
    """Return where the operator says that the logs of operation are kept; the house writes to its supervisor."""
    named = world.operator.place.log_folder
    if not named:
        raise CannotVerifyError("place.unknown")
    folder = world.operator.folder / named
    if not folder.is_dir():
        raise CannotVerifyError("place.missing")
    async with world.house.db.transaction(TRUST) as tx:
        first = await export.published(tx, 0, 1, opened=False)
    now = world.house.clock()
    since = datetime.fromisoformat(orjson.loads(first[0].leaf)["ts"]) if first else now
    return LogFolder(folder, since, now)


async def operations_kept(target: LogFolder) -> Finding:
    """See that the oldest line is old enough, once the house is that old, and that no hour lacks a line."""
    times = await asyncio.to_thread(_times, target.folder)
    if not times:
        return failed("log.empty")
    wanted = min(KEPT, target.now - target.since)
    if target.now - times[0] < wanted - GAP_MAX:
        return failed("log.too_young", (target.now - times[0]).days, "days")
    points = [*times, target.now]
    gap = max(later - earlier for earlier, later in pairwise(points))
    if gap > GAP_MAX:
        return failed("log.gap", round(gap.total_seconds()), "seconds")
    return passed({"oldest_days": (target.now - times[0]).days, "lines": len(times)})


def _times(folder: Path) -> list[datetime]:
    found: list[datetime] = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.is_symlink() or not os.access(path, os.R_OK):
            continue
        with path.open("rb") as file:
            for line in file:
                stamp = _TIME.search(line[:256])
                if stamp and len(found) < _LINES_MAX:
                    try:
                        at = datetime.fromisoformat(stamp[0].decode())
                    except ValueError:
                        continue
                    found.append(at.replace(tzinfo=UTC))
    return sorted(found)
