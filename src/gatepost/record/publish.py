"""The sequencer: gives entries their places after the commit, builds the tiles, signs the checkpoint.

Each step may be the last before a crash, and running again finishes it:

1. places are given in one transaction, and never change;
2. tiles are built from the entries in order, so building them again gives the same octets;
3. they and the rows behind the entries, openings sealed, are on the second store too (``recover`` reads them back);
4. the checkpoint is signed, remembered in the database (Ed25519: the same text has the same signature), and listed on
   the second store (``signed``);
5. it is published on the second store, then on the first, with the log's own stamp of the time and, where the operator
   names witnesses, with their cosignatures (``show``); the stamp is renewed every hour while nothing happens;
6. the partial tiles that the wider ones replace are removed: a narrower tile is the beginning of a wider one, and is
   cut from it when somebody asks (``export.tile``).

What was ever signed is never contradicted: a database that was rolled back behind the newest checkpoint raises
``ForkError``, and nothing is signed until somebody has looked. A store that was is given what it lacks, made from the
entries, where that hashes to the newest checkpoint (``remake``).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import islice

import structlog

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, DatabaseUnavailableError, Plans, Transaction
from gatepost.ids import TenantId
from gatepost.jobs.pause import pause
from gatepost.keys import Keyring, KeyringError
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import EMPTY_ROOT
from gatepost.ledger.note import SigningKey, VerifierKey
from gatepost.ledger.tiles import WIDTH, Edge, edge_tiles
from gatepost.record import files, log_store
from gatepost.record.errors import ForkError
from gatepost.record.log_store import LOG_KEY_PURPOSE, LogKey
from gatepost.record.remake import remake
from gatepost.record.show import Window
from gatepost.record.signed import Signed
from gatepost.record.trust_log import TRUST
from gatepost.record.witnesses import NO_WITNESSES, Witnesses

BATCH = 4096
_POLL_S = 0.5  # an entry has its place within a second of its commit; what comes meanwhile shares a checkpoint
_SWEEP_ROUNDS = 120  # how often logs without new entries are asked whether a dead process left something unfinished
_PIECES = 16  # of rows copied at once: as many as one batch of entries has
_SPEAK_S = 20.0
_AT_ONCE = 2  # tenants; each takes two connections of the pool
_SEED_OCTETS = 32

log = structlog.get_logger()


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
    """One per house is enough; several do no harm, for each tenant's log is written under a lock.

    Attributes:
        mended: how many files stores lacked, and were made from the entries.
    """

    def __init__(
        self,
        db: Database,
        blobs: Blobs,
        second: Blobs,
        keyring: Keyring,
        clock: Clock,
        entropy: Entropy,
        origin_base: str,
        witnesses: Witnesses = NO_WITNESSES,
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._second = second
        self._keyring = keyring
        self._entropy = entropy
        self._origin_base = origin_base
        self._keys: dict[TenantId, SigningKey] = {}
        self._edges: dict[TenantId, _Known] = {}
        self._signed = Signed(db, second)
        self.window = Window(blobs, second, witnesses, clock)
        self._rests: dict[TenantId, _Rest] = {}
        self._rounds = 0
        self.mended = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Sequence and publish until ``stop`` is set; trouble with one tenant's log delays that log only."""
        while not stop.is_set():
            with suppress(DatabaseUnavailableError):
                await self.round(is_sweep=self._rounds % _SWEEP_ROUNDS == 0)
            self._rounds += 1
            await pause(stop, _POLL_S)

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
            async with _holding(lock):
                return await self._go_on(tenant)

    async def _go_on(self, tenant: TenantId) -> int:
        key = await self._key(tenant)
        while True:
            edge = await self._edge(tenant, key.verifier)
            async with self._db.transaction(tenant, plans=Plans.FRESH) as tx:
                last, had, given, size, fresh = await asyncio.gather(  # in this order, and one round trip
                    _last_leaf(tx, edge),
                    log_store.size(tx),
                    log_store.assign(tx, BATCH),
                    log_store.size(tx),
                    log_store.leaves(tx, edge.size),
                )
                _refuse_rollback(edge, last, had)  # or the places are not given: they would be other entries'
            await self._publish(tenant, key, edge, size, fresh)
            if given < BATCH:
                return size

    async def _publish(self, tenant: TenantId, key: SigningKey, edge: Edge, size: int, fresh: Sequence[bytes]) -> None:
        """Publish a log of that size, in which these leaves have followed on the edge."""
        if not fresh:
            if edge.size:
                await self.window.show_hourly(tenant, key, Checkpoint(key.name, edge.size, edge.root))
            return
        grown, tiles = edge.grow(fresh)
        if grown.size != size:
            raise ForkError("an entry that has a place in the log is gone")
        await files.together(  # in any order: all are durable before anything is signed
            files.write_tiles(self._blobs, tenant, tiles),
            files.write_tiles(self._second, tenant, tiles),
            self._copy_rows(tenant, edge.size, size),
        )
        head = Checkpoint(key.name, size, grown.root)
        note = head.signed(key)
        async with self._db.transaction(tenant) as tx:
            await log_store.keep_checkpoint(tx, size, note)
        await self._signed.add(tenant, [note])
        self._edges[tenant] = _Known(grown, note)
        await self.window.show(tenant, key, head, since=edge.size)

    async def _copy_rows(self, tenant: TenantId, start: int, size: int) -> None:
        """Put the rows of places from ``start`` on on the second store."""
        left = iter(files.pieces(size, start))
        while some := list(islice(left, _PIECES)):
            first = some[0].start
            async with self._db.transaction(tenant, plans=Plans.FRESH) as tx:
                rows = await log_store.copied_rows(tx, first, some[-1].stop)
            written = await files.write_rows(
                self._second, tenant, {each: rows[each.start - first : each.stop - first] for each in some}
            )
            whole = {each.start // WIDTH: octets for each, octets in written.items() if len(each) == WIDTH}
            if whole:
                async with self._db.transaction(tenant) as tx:
                    await log_store.seal_copies(tx, whole)

    async def _edge(self, tenant: TenantId, key: VerifierKey, *, is_mended: bool = True) -> Edge:
        """Return the edge of the newest checkpoint, having seen that all we hold agrees with it.

        What a store lacks of the log is made from the entries, under the lock, unless it is not to be ``is_mended``.
        """
        async with self._db.transaction(tenant) as tx:
            remembered = await log_store.last_checkpoint(tx)
        known = self._edges.get(tenant)
        if known is not None and known.note == remembered:
            return known.edge
        shown = [await store.read(files.checkpoint_path(tenant)) for store in (self._blobs, self._second)]
        async with self._db.transaction(tenant) as tx:  # again: another process may have signed and shown meanwhile
            remembered = await log_store.last_checkpoint(tx)
        newest = Checkpoint(key.name, 0, EMPTY_ROOT) if remembered is None else Checkpoint.open(remembered, key)
        heads = [None if note is None else Checkpoint.open(note, key) for note in shown]
        for head in heads:
            if head and (head.size > newest.size or (head.size == newest.size and head.root != newest.root)):
                raise ForkError(
                    "a checkpoint is published that the database does not remember, as after a restore to an older "
                    "point: nothing is signed until `gatepost log recover` has rolled it forward"
                )
        await self._signed.catch_up(tenant)  # before anything is made: the list may know a newer one
        tiles = await files.read_tiles(self._blobs, tenant, edge_tiles(newest.size))
        if is_mended and len(tiles) < len(edge_tiles(newest.size)):
            self.mended += await self._remade(tenant, "first", self._blobs, newest, heads[0])
            tiles = await files.read_tiles(self._blobs, tenant, edge_tiles(newest.size))
        edge = Edge.load(newest.size, tiles)
        if edge.root != newest.root:
            raise ForkError("the tiles are not those that the newest checkpoint covers")
        self.window.forget(tenant)  # shown again: whoever signed it may have ended before it was published
        if is_mended:
            there = heads[1].size if heads[1] else 0
            if there < newest.size:  # a new one, an older one, or whoever signed ended before it was published there
                self.mended += await self._remade(tenant, "second", self._second, newest, heads[1])
                await self._copy_rows(tenant, there, newest.size)
            self._edges[tenant] = _Known(edge, remembered)
        return edge

    async def mend(self, tenant: TenantId) -> int:
        """Look at every file of one log, and make those that a store lacks; publish, and return how many were made.

        Returns 0, having done nothing, where another process holds the log.

        Raises:
            ForkError: the database's entries are not those that were signed.
        """
        self.mended = 0
        async with self._db.transaction(tenant) as lock:
            if not await log_store.try_lock(lock):
                return 0
            async with _holding(lock):
                key = await self._key(tenant)
                edge = await self._edge(tenant, key.verifier)
                head = Checkpoint(key.name, edge.size, edge.root)
                for name, store in (("first", self._blobs), ("second", self._second)):
                    self.mended += await self._remade(tenant, name, store, head, None)
                for piece in files.pieces(edge.size):
                    if await files.read_rows(self._second, tenant, piece) is None:
                        await self._copy_rows(tenant, piece.start, piece.stop)
                        self.mended += 1
                await self._go_on(tenant)
        return self.mended

    async def _remade(
        self, tenant: TenantId, name: str, store: Blobs, head: Checkpoint, since: Checkpoint | None
    ) -> int:
        made = await remake(self._db, store, tenant, head, since=since)
        if made:
            log.warning("log.mended", tenant=tenant, store=name, tiles=made, size=head.size)
        return made

    async def look_back(self) -> None:
        """See that no log has published more than the database remembers: before a house takes mail.

        Raises:
            ForkError: one has; the text says what to do.
        """
        for tenant in await log_store.tenants_with_log(self._db):
            key = await self._key(tenant)
            with suppress(BlobsUnavailableError, LedgerError):  # for the sequencer to say; mail is taken meanwhile
                edge = await self._edge(tenant, key.verifier, is_mended=False)
                async with self._db.transaction(tenant) as tx:
                    _refuse_rollback(edge, await _last_leaf(tx, edge), await log_store.size(tx))

    async def _key(self, tenant: TenantId) -> SigningKey:
        """Return the tenant's log key; made on first use."""
        if (key := self._keys.get(tenant)) is not None:
            return key
        async with self._db.transaction(tenant) as tx:
            kept = await log_store.log_key(tx)
            if kept is None:
                name = TRUST if tenant == TRUST else f"t/{tenant}"
                made = SigningKey(f"{self._origin_base}/{name}", self._entropy(_SEED_OCTETS))
                wrapped = self._keyring.wrap(LOG_KEY_PURPOSE, made.seed)
                kept = LogKey(made.name, str(made.verifier), wrapped)
                await log_store.add_log_key(tx, kept)
        await self._keep_key(tenant, kept)
        key = SigningKey(kept.origin, self._keyring.unwrap(LOG_KEY_PURPOSE, kept.wrapped_seed))
        if str(key.verifier) != kept.vkey:
            raise ForkError("the log key is not the one the log began with")
        self._keys[tenant] = key
        return key

    async def _keep_key(self, tenant: TenantId, kept: LogKey) -> None:
        """Have the log's key, wrapped as it is, on the second store before anything is signed with it."""
        lying = await self._second.read(files.key_path(tenant))
        if lying is None:
            await self._second.write(files.key_path(tenant), kept.spelled)
        elif lying != kept.spelled and LogKey.read(lying).vkey != kept.vkey:
            raise ForkError("the second store holds the log under another key: see `gatepost log recover`")


@asynccontextmanager
async def _holding(lock: Transaction) -> AsyncIterator[None]:
    """Keep a lock whose transaction has nothing to say: a slow bucket, or a first copy of a long log, takes minutes."""
    done = asyncio.Event()

    async def speak() -> None:
        await pause(done, _SPEAK_S)
        while not done.is_set():
            await log_store.hold(lock)
            await pause(done, _SPEAK_S)

    speaking = asyncio.ensure_future(speak())
    try:
        yield
    finally:
        done.set()
        await speaking


async def _last_leaf(tx: Transaction, edge: Edge) -> list[bytes]:
    """Read the last published entry again: it tells a database that was rolled back and has gone on."""
    return await log_store.leaves(tx, max(edge.size - 1, 0), edge.size)


def _refuse_rollback(edge: Edge, last: Sequence[bytes], size: int) -> None:
    if size < edge.size or (edge.bundle and last != [edge.bundle[-1]]):
        raise ForkError("the database does not hold what the newest checkpoint covers: see `gatepost log recover`")
