"""The sequencer: gives entries their places after the commit, builds the tiles, signs the checkpoint.

Each step may be the last before a crash, and running again finishes it:

1. places are given in one transaction, and never change;
2. tiles are built from the entries in order, so building them again gives the same octets;
3. the checkpoint is signed once its tiles are durable, and remembered in the database (Ed25519: the same text has the
   same signature);
4. it is published;
5. the partial tiles that the wider ones replace are removed: a narrower tile is the beginning of a wider one, and is
   cut from it when somebody asks (``export.tile``).

What was ever signed is never contradicted: a database or a blob store that was rolled back behind the newest
checkpoint raises ``ForkError``, and nothing is signed until somebody has looked.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import structlog

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import TenantId
from gatepost.keys import Keyring, KeyringError
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import EMPTY_ROOT
from gatepost.ledger.note import SigningKey, VerifierKey
from gatepost.ledger.tiles import Edge, edge_tiles
from gatepost.record import files, log_store
from gatepost.record.log_store import LogKey

BATCH = 4096
_POLL_S = 0.25  # an entry has its place within a second of its commit
_SWEEP_ROUNDS = 240  # how often logs without new entries are asked whether a dead process left something unfinished
_AT_ONCE = 2  # tenants; each takes two connections of the pool
_SEED_OCTETS = 32
LOG_KEY_PURPOSE = "log key"

log = structlog.get_logger()


class ForkError(Exception):
    """Going on would contradict a checkpoint that is signed already; an operator must restore what was lost."""


@dataclass(frozen=True, slots=True)
class _Known:
    """The edge under the newest checkpoint; ``note`` tells whether another process has signed since."""

    edge: Edge
    note: bytes | None


@dataclass(frozen=True, slots=True)
class _Rest:
    """A log in trouble waits: twice as many rounds each time, up to a sweep."""

    rounds: int
    until: int

    def is_over(self, now: int) -> bool:
        return now >= self.until


class Sequencer:
    """One per house is enough; several do no harm, for each tenant's log is written under a lock."""

    def __init__(
        self, db: Database, blobs: Blobs, keyring: Keyring, clock: Clock, entropy: Entropy, origin_base: str
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._keyring = keyring
        self._clock = clock
        self._entropy = entropy
        self._origin_base = origin_base
        self._keys: dict[TenantId, SigningKey] = {}
        self._edges: dict[TenantId, _Known] = {}
        self._rests: dict[TenantId, _Rest] = {}
        self._rounds = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Sequence and publish until ``stop`` is set; trouble with one tenant's log delays that log only."""
        while not stop.is_set():
            with suppress(DatabaseUnavailableError):
                await self.round(is_sweep=self._rounds % _SWEEP_ROUNDS == 0)
            self._rounds += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _POLL_S)

    async def round(self, *, is_sweep: bool = False) -> None:
        """Bring every log that has something to do up to date; with ``is_sweep``, ask all of them."""
        tenants = {*self._rests, *await log_store.tenants_waiting(self._db)}
        if is_sweep:
            tenants.update(await log_store.tenants_with_log(self._db))
        due = [
            tenant
            for tenant in sorted(tenants)
            if tenant not in self._rests or self._rests[tenant].is_over(self._rounds)
        ]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(tenant: TenantId) -> None:
            async with gate:
                await self._try(tenant)

        async with asyncio.TaskGroup() as group:
            for tenant in due:
                group.create_task(one(tenant))

    async def _try(self, tenant: TenantId) -> None:
        try:
            await self.sequence(tenant)
        except (BlobsUnavailableError, DatabaseUnavailableError, ForkError, KeyringError, LedgerError) as error:
            self._edges.pop(tenant, None)
            wait = min(2 * self._rests[tenant].rounds, _SWEEP_ROUNDS) if tenant in self._rests else 1
            self._rests[tenant] = _Rest(wait, self._rounds + wait)
            log.warning("log.delayed", tenant=tenant, error=type(error).__name__, why=str(error))
        else:
            self._rests.pop(tenant, None)

    async def sequence(self, tenant: TenantId) -> int:
        """Give every waiting entry of one tenant its place and publish; return the log's size.

        Returns -1, having done nothing, where another process holds the log.

        Raises:
            ForkError: see there.
            LedgerError: a tile of the edge is missing or damaged.
        """
        # The lock's transaction writes nothing and so holds nothing up; it may stay open while tiles are written.
        async with self._db.transaction(tenant) as lock:
            if not await log_store.try_lock(lock):
                return -1
            while True:
                async with self._db.transaction(tenant) as tx:
                    given = await log_store.assign(tx, BATCH)
                size = await self._publish(tenant)
                if given < BATCH:
                    return size

    async def _publish(self, tenant: TenantId) -> int:
        key = await self._key(tenant)
        edge = await self._edge(tenant, key.verifier)
        async with self._db.transaction(tenant) as tx:
            size = await log_store.size(tx)
            # The last published entry is read again: it tells a database that was rolled back and has gone on.
            leaves = await log_store.leaves(tx, max(edge.size - 1, 0), size)
        known, fresh = (leaves[:1], leaves[1:]) if edge.size else ([], leaves)
        if size < edge.size or (edge.bundle and known != [edge.bundle[-1]]):
            raise ForkError("the database does not hold what the newest checkpoint covers")
        if not fresh:
            return size
        grown, tiles = edge.grow(fresh)
        if grown.size != size:
            raise ForkError("an entry that has a place in the log is gone")
        await files.write_tiles(self._blobs, tenant, tiles)
        note = Checkpoint(key.name, size, grown.root).signed(key)
        async with self._db.transaction(tenant) as tx:
            await log_store.keep_checkpoint(tx, size, note, self._clock())
        await self._blobs.write(files.checkpoint_path(tenant), note)
        self._edges[tenant] = _Known(grown, note)
        for tile in set(edge_tiles(edge.size)) - set(edge_tiles(size)):
            await self._blobs.remove(files.tile_path(tenant, tile))
        return size

    async def _edge(self, tenant: TenantId, key: VerifierKey) -> Edge:
        """Return the edge of the newest checkpoint, having seen that all we hold agrees with it."""
        async with self._db.transaction(tenant) as tx:
            remembered = await log_store.last_checkpoint(tx)
        known = self._edges.get(tenant)
        if known is not None and known.note == remembered:
            return known.edge
        published = await self._blobs.read(files.checkpoint_path(tenant))
        newest = Checkpoint(key.name, 0, EMPTY_ROOT) if remembered is None else Checkpoint.open(remembered, key)
        shown = Checkpoint(key.name, 0, EMPTY_ROOT) if published is None else Checkpoint.open(published, key)
        if shown.size > newest.size or (shown.size == newest.size and shown.root != newest.root):
            raise ForkError("a checkpoint is published that the database does not remember")
        edge = Edge.load(newest.size, await files.read_tiles(self._blobs, tenant, edge_tiles(newest.size)))
        if edge.root != newest.root:
            raise ForkError("the tiles are not those that the newest checkpoint covers")
        if remembered is not None and shown.size < newest.size:  # signed, and then we died
            await self._blobs.write(files.checkpoint_path(tenant), remembered)
        self._edges[tenant] = _Known(edge, remembered)
        return edge

    async def _key(self, tenant: TenantId) -> SigningKey:
        """Return the tenant's log key; made on first use."""
        if (key := self._keys.get(tenant)) is not None:
            return key
        async with self._db.transaction(tenant) as tx:
            kept = await log_store.log_key(tx)
            if kept is None:
                made = SigningKey(f"{self._origin_base}/t/{tenant}", self._entropy(_SEED_OCTETS))
                wrapped = self._keyring.wrap(LOG_KEY_PURPOSE, made.seed)
                kept = LogKey(made.name, str(made.verifier), wrapped)
                await log_store.add_log_key(tx, kept)
        key = SigningKey(kept.origin, self._keyring.unwrap(LOG_KEY_PURPOSE, kept.wrapped_seed))
        if str(key.verifier) != kept.vkey:
            raise ForkError("the log key is not the one the log began with")
        self._keys[tenant] = key
        return key
