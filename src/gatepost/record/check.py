"""Verify a whole log: recompute it from tiles and openings, then hold the tables to the result."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from gatepost.blobs import Blobs
from gatepost.db import Database, Transaction
from gatepost.ids import LeafIndex, TenantId
from gatepost.keys import Keyring, KeyringError, Vault
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import HASH_OCTETS, leaf_hash
from gatepost.ledger.note import COSIGNATURE, Note, SigningKey, VerifierKey
from gatepost.ledger.tiles import ENTRIES, WIDTH, Edge, Tile, tile_at, tiles_of, unpack
from gatepost.record import check_store, erase_store, files, log_store, word_store
from gatepost.record.check_store import Held, Stretch
from gatepost.record.compare import NOTHING, differences, doubtful, misfound, unfindable
from gatepost.record.erased import Erased
from gatepost.record.log_store import LOG_KEY_PURPOSE, LogKey
from gatepost.record.words import Found, terms_of

FINDINGS_MAX = 1000
AT_ONCE = 8 * WIDTH
"""Entries read in one transaction: a few megabytes of them."""
_LAG_TRIES = 3
_LAG_S = 0.5


@dataclass(slots=True)
class Report:
    """What a verification saw. Each of ``findings`` names a thing that was changed."""

    tenant: TenantId
    size: int = 0
    waiting: int = 0
    openings: int = 0
    erased: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """True where nothing disagrees."""
        return not self.findings

    def find(self, text: str) -> None:
        """Note one disagreement; a log that is wrong all over is cut off at ``FINDINGS_MAX``."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(text)


async def verify_log(
    db: Database,
    blobs: Blobs,
    tenant: TenantId,
    *,
    vkey: str | None = None,
    witnesses: Iterable[VerifierKey] = (),
    keyring: Keyring | None = None,
    is_deep: bool = False,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> Report:
    """Recompute the tenant's log and compare everything we hold with it.

    Args:
        db: the tables, which are compared, never believed.
        blobs: where checkpoint, tiles and entry bundles lie.
        tenant: whose log.
        vkey: the log's verifier key as the caller knows it from elsewhere. Without it the stored one is used, and
            then somebody who replaced key and log together is not found out.
        witnesses: who else may have signed the published checkpoint.
        keyring: opens the log's signing key, to see that it is still the log's. Without it nobody looks.
        is_deep: make the words of every entry anew and hold the index to them. Otherwise their seals are looked at,
            which tells what somebody changed, and not what the indexer did wrong.
        progress: told, bundle by bundle, how many entries are seen to, and of how many.
    """
    report = Report(tenant)
    for text in db.keys.unfit(tenant):
        report.find(text)
    async with db.transaction(tenant) as tx:
        kept = await log_store.log_key(tx)
        recorded = await log_store.size(tx) + await log_store.waiting(tx)
        await _bookkeeping(tx, report)
    if kept is not None:
        _compare_key(kept, keyring, report)
    head = await _head(db, blobs, vkey or (kept.vkey if kept else None), witnesses, report)
    report.waiting = recorded
    if head is None:
        return report
    checkpoint, key = head
    report.size = checkpoint.size
    report.waiting = max(recorded - checkpoint.size, 0)
    await _Walk(db, blobs, tenant, checkpoint, key, report, is_deep=is_deep).run(progress)
    if not report.is_sound:  # what was taken away here may make up for what was put in there
        async with db.transaction(tenant) as tx:
            await _stray(tx, report)
    return report


def _compare_key(kept: LogKey, keyring: Keyring | None, report: Report) -> None:
    if not kept.vkey.startswith(f"{kept.origin}+"):
        report.find(f"log key: it is not of the origin {kept.origin}")
    if keyring is None:
        return
    try:
        seed = keyring.unwrap(LOG_KEY_PURPOSE, kept.wrapped_seed)
        is_ours = str(SigningKey(kept.origin, seed).verifier) == kept.vkey
    except (KeyringError, LedgerError):
        is_ours = False
    if not is_ours:
        report.find("log key: the signing key that is kept is not the one of the verifier key")


async def _stray(tx: Transaction, report: Report) -> None:
    """Name the rows that belong to no entry, and the entries that belong nowhere."""
    for name, entry in await check_store.astray(tx):
        report.find(
            f"entry {entry}: it is neither in the log nor waiting for it"
            if name == "entry"
            else f"{name} of entry {entry}: there is no such entry"
        )


async def _bookkeeping(tx: Transaction, report: Report) -> None:
    """See that every row has its entry, and every removal its row."""
    if not await check_store.is_balanced(tx):
        await _stray(tx, report)
        for place in await check_store.skipped(tx):
            report.find(f"place {place}: no entry has it, and one after it has its own")
    for entry, column in await erase_store.misremembered(tx):
        report.find(f"row of entry {entry}: erasure.{column} is not what the leaf says")
    for entry in await erase_store.unremembered(tx):
        report.find(f"erasure of entry {entry}: it is missing")


async def _head(
    db: Database, blobs: Blobs, vkey: str | None, witnesses: Iterable[VerifierKey], report: Report
) -> tuple[Checkpoint, VerifierKey] | None:
    note = await blobs.read(files.checkpoint_path(report.tenant))
    async with db.transaction(report.tenant) as tx:  # after the file, for it is remembered first and published then
        signed = await log_store.last_checkpoint(tx)
    if signed is None and note is None:
        return None
    witnesses = tuple(witnesses)
    try:
        key = VerifierKey.parse(vkey or "")
        newest = Checkpoint.open(signed, key) if signed else None
    except LedgerError as error:
        report.find(f"log key or newest checkpoint in the database: {error}")
        return None
    shown = await _shown(blobs, key, note, newest, report, may_wait=bool(witnesses))
    if shown is not None:
        _compare_lines(shown[0], key, witnesses, report)
    heads = [each for each in (shown and shown[1], newest) if each]
    return (max(heads, key=lambda each: each.size), key) if heads else None  # all is there before one is signed


async def _shown(
    blobs: Blobs, key: VerifierKey, note: bytes | None, newest: Checkpoint | None, report: Report, *, may_wait: bool
) -> tuple[bytes, Checkpoint] | None:
    """Return the published checkpoint; None where it is none, which is named, as one that is not the newest is."""
    known, tries = newest.size if newest else 0, _LAG_TRIES
    while True:
        try:
            shown = Checkpoint.open(note or b"", key)
        except LedgerError as error:
            report.find(f"checkpoint: {error}" if note else "checkpoint: it is missing")
            return None
        tries -= 1
        if shown.size >= known or not tries:
            break
        await asyncio.sleep(_LAG_S)  # it is signed first and published then
        note = await blobs.read(files.checkpoint_path(report.tenant))
    if shown.size > known and tries == _LAG_TRIES - 1:
        report.find(f"checkpoint of size {shown.size}: it is published, and the tables do not remember it")
    elif shown.size < known:
        why = "; it may wait for its witnesses" if may_wait else ""
        report.find(f"checkpoint: one of size {known} was signed, and one of size {shown.size} is published{why}")
    return note or b"", shown


def _compare_lines(note: bytes, key: VerifierKey, witnesses: Iterable[VerifierKey], report: Report) -> None:
    """See that each line beneath the checkpoint is the log's, its stamp of the time, or a witness's, and holds."""
    stamp, lines = VerifierKey(key.name, key.public, COSIGNATURE), Note.parse(note)
    known = (key, stamp, *witnesses)
    names = {(each.name, each.key_id) for each in known}
    for line in lines.signatures:
        if (line.name, line.key_id) not in names:
            report.find(f"checkpoint: a line of {line.name} is neither the log's nor a witness's of ours")
    try:
        if stamp not in lines.verify(known):
            report.find("checkpoint: the log's stamp of the time is missing")
    except LedgerError as error:
        report.find(f"checkpoint: {error}")


class _Walk:
    """Goes through the log some bundles at a time, growing the tree again from its entries."""

    def __init__(
        self,
        db: Database,
        blobs: Blobs,
        tenant: TenantId,
        head: Checkpoint,
        key: VerifierKey,
        report: Report,
        *,
        is_deep: bool,
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._tenant = tenant
        self._head = head
        self._key = key
        self._report = report
        self._is_deep = is_deep
        self._erased: Erased = NOTHING

    async def run(self, progress: Callable[[int, int], object]) -> None:
        """Compare every file of the log, every checkpoint ever signed, and every row."""
        await self._learn_erased()
        edge = Edge()
        finals = set(tiles_of(self._head.size))
        for start in range(0, self._head.size, AT_ONCE):
            entries = await self._entries(start)
            hashes = [leaf_hash(entry) for entry in entries]
            end = edge.size + len(entries)
            async with self._db.still(self._tenant) as tx:
                signed = await log_store.checkpoints(tx, edge.size, end)
                stretch = await check_store.held(tx, edge.size, end)
            await self._compare_rows(tx.vault, edge.size, entries, hashes, stretch)
            edge, made = self._grow(edge, entries, hashes, signed)
            await self._compare_tiles({tile: octets for tile, octets in made.items() if tile in finals})
            progress(edge.size, self._head.size)
            if edge.size < min(start + AT_ONCE, self._head.size):
                return  # the tree cannot be grown beyond a gap
        if edge.root != self._head.root:
            self._report.find("checkpoint: its root is not that of the entries")

    async def _learn_erased(self) -> None:
        async with self._db.transaction(self._tenant) as tx:
            self._erased = Erased(await erase_store.erasure_leaves(tx), await erase_store.accepted(tx))

    async def _read(self, tile: Tile) -> bytes | None:
        """Return a tile, also when the log has grown since its checkpoint was read."""
        try:
            octets = await files.read_tile(self._blobs, self._tenant, tile)
        except LedgerError as error:
            self._report.find(f"{tile.path}: {error}")
            return None
        if octets is None:
            self._report.find(f"{tile.path}: it is missing")
        return octets

    async def _entries(self, start: int) -> list[bytes]:
        """Return the entries of the next bundles, as far as they can be read."""
        entries: list[bytes] = []
        for at in range(start, min(start + AT_ONCE, self._head.size), WIDTH):
            bundle = tile_at(ENTRIES, at // WIDTH, self._head.size)
            octets = await self._read(bundle)
            if octets is None:
                break
            try:
                entries += unpack(bundle, octets)
            except LedgerError as error:
                self._report.find(f"{bundle.path}: {error}")
                break
        return entries

    def _grow(
        self, edge: Edge, entries: list[bytes], hashes: list[bytes], signed: list[tuple[int, bytes]]
    ) -> tuple[Edge, dict[Tile, bytes]]:
        """Grow the tree from checkpoint to checkpoint, holding each to it; return it and its tiles, at their widest."""
        start, tiles = edge.size, dict[Tile, bytes]()
        for size, note in signed:
            fresh = slice(edge.size - start, size - start)
            edge, made = edge.grow(entries[fresh], hashes[fresh])
            tiles |= made
            try:
                checkpoint = Checkpoint.open(note, self._key)
            except LedgerError as error:
                self._report.find(f"checkpoint of size {size}: {error}")
                continue
            if checkpoint.size != size or checkpoint.root != edge.root:
                self._report.find(f"checkpoint of size {size}: its root is not that of the entries")
        edge, made = edge.grow(entries[edge.size - start :], hashes[edge.size - start :])
        return edge, tiles | made

    async def _compare_tiles(self, made: Mapping[Tile, bytes]) -> None:
        for tile, octets in made.items():
            lying = octets if tile.level == ENTRIES else await self._read(tile)  # bundles are what it grew from
            if lying is None or lying == octets:
                continue
            changed = [at for at in range(min(len(lying), len(octets))) if lying[at] != octets[at]]
            where = f"hash {changed[0] // HASH_OCTETS}" if changed else "its length"
            self._report.find(f"{tile.path}: {where} is not that of the entries")

    async def _compare_rows(
        self, vault: Vault, start: int, entries: Sequence[bytes], hashes: Sequence[bytes], stretch: Stretch
    ) -> None:
        """Hold the rows of some places to the entries that the log has there.

        What was removed since the walk began is told by an entry that was there once the rows were read.
        """
        opened = sum(type(each) is bytes or isinstance(each, KeyringError) for each in stretch.opened.values())
        self._report.openings += opened
        self._report.erased += len(stretch.places) - opened
        doubted = list(doubtful(entries, hashes, start, stretch, self._tenant, self._erased))
        if doubted:
            await self._learn_erased()
        wrong = {index for index in doubted if self._names(entries[index - start], index, stretch.held(index))}
        if self._is_deep:
            rows = ((octets, stretch.held(LeafIndex(index))) for index, octets in enumerate(entries, start))
            self._compare_words(vault, [(octets, row) for octets, row in rows if row and row.leaf_index not in wrong])

    def _names(self, octets: bytes, index: LeafIndex, row: Held | None) -> bool:
        """Name what is wrong at a place; tell whether the rows are another thing than the leaf."""
        if row is None:
            self._report.find(f"leaf {index}: the tables do not know it")
            return True
        found = differences(octets, row, self._tenant, self._erased)
        for text in (*found, *unfindable(row)):
            self._report.find(text)
        return bool(found)

    def _compare_words(self, vault: Vault, sound: Sequence[tuple[bytes, Held]]) -> None:
        """See that searches find the entries, of which all else agrees with the leaf."""
        indexed = [(octets, row) for octets, row in sound if row.tokens is not None]
        try:
            tokens = word_store.tokens_of_each(
                vault.blinder, [terms_of(_found(octets, row)) for octets, row in indexed]
            )
        except KeyringError:  # the tenant's key, which is named
            return
        for (_, row), wanted in zip(indexed, tokens, strict=True):
            for text in misfound(row, word_store.read(row.tokens or b""), wanted):
                self._report.find(text)


def _found(octets: bytes, row: Held) -> Found:
    opening = orjson.loads(row.opening or b"{}")
    return Found(leaf=orjson.loads(octets), opened={name: part["value"] for name, part in opening.items()})
