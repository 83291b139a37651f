"""Every checkpoint that was ever signed, listed on the second store, before anybody is shown it.

Whoever deletes one from the table is contradicted there, and so is a database that was rolled back, by a checkpoint
that a witness may have seen and nobody else. ``log/TENANT/signed/NNN`` holds ``NOTES`` of them in the order of their
sizes, each a line of JSON. Only the last file grows, and nothing is ever taken out.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import orjson

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import Note, VerifierKey
from gatepost.ledger.tiles import ENTRIES, Tile
from gatepost.record import log_store
from gatepost.record.errors import ForkError

NOTES = 256
"""Checkpoints in one file: it is written anew for each of them."""
_TRIES = 3
_LAG_S = 0.5
_FORKED = "a checkpoint was signed that the database does not remember: see `gatepost log recover`"


def name(number: int) -> str:
    """Return what the list's file of that number is called in its log."""
    return f"signed/{Tile(ENTRIES, number).path.removeprefix('tile/entries/')}"


def path(tenant: TenantId, number: int) -> str:
    """Return where it lies."""
    return f"log/{tenant}/{name(number)}"


def size_of(note: bytes) -> int:
    """Return the size a checkpoint is of, as it says; raises ``LedgerError`` for what is none."""
    return Checkpoint.parse(Note.parse(note).text).size


async def read(second: Blobs, tenant: TenantId, number: int) -> list[bytes] | None:
    """Return the notes of one file, or None where it is not there.

    Raises:
        LedgerError: it was not written by ``Signed``.
    """
    octets = await second.read(path(tenant, number))
    if octets is None:
        return None
    *lines, rest = octets.split(b"\n")
    try:
        notes = [orjson.loads(line).encode() for line in lines]
    except (AttributeError, ValueError) as error:
        raise LedgerError("the list of the checkpoints that were signed cannot be read") from error
    if rest or not 0 < len(notes) <= NOTES or _spelled(notes) != octets:
        raise LedgerError("the list of the checkpoints that were signed is damaged")
    return notes


def _spelled(notes: Sequence[bytes]) -> bytes:
    return b"".join(orjson.dumps(note.decode()) + b"\n" for note in notes)


async def last(second: Blobs, tenant: TenantId, count: int) -> tuple[int, list[bytes]]:
    """Return the number of the last file, and its notes; (0, []) where there is none.

    Args:
        second: the second store.
        tenant: whose log.
        count: how many checkpoints the table has: near there the list ends.
    """
    number = max(count - 1, 0) // NOTES
    notes = await read(second, tenant, number)
    while notes is None and number:
        number -= 1
        notes = await read(second, tenant, number)
    while notes and (more := await read(second, tenant, number + 1)) is not None:
        number, notes = number + 1, more
    return number, notes or []


async def after(second: Blobs, tenant: TenantId, size: int, key: VerifierKey) -> AsyncIterator[tuple[int, bytes]]:
    """Yield the listed checkpoints above ``size``, smallest first.

    Raises:
        LedgerError: the log's key did not sign one.
    """
    number = 0
    while (notes := await read(second, tenant, number)) is not None:
        if size_of(notes[-1]) > size:
            for note in notes:
                checkpoint = Checkpoint.open(note, key)
                if checkpoint.size > size:
                    yield checkpoint.size, note
        number += 1


async def compare(db: Database, second: Blobs, tenant: TenantId) -> AsyncIterator[str]:
    """Yield a sentence for each checkpoint that only the list or only the table knows, or that they tell otherwise."""
    async with db.transaction(tenant) as tx:
        kept = await log_store.log_key(tx)
    if kept is None:
        return
    try:
        key, number, end = VerifierKey.parse(kept.vkey), 0, 0
    except LedgerError:
        return  # that is named already
    while True:
        try:
            notes = await read(second, tenant, number)
            listed = {size_of(note): note for note in notes or ()}
        except LedgerError as error:
            yield f"{name(number)}: {error}"
            return
        if not listed:
            break
        if len(listed) < len(notes or ()):
            yield f"{name(number)}: a checkpoint is listed twice"
        async with db.transaction(tenant) as tx:
            ours = dict(await log_store.checkpoints(tx, end, upto := [*listed][-1]))
        for text in _differences(ours, listed, key):
            yield f"{name(number)}: {text}"
        number, end = number + 1, upto
    if missed := await _unlisted(db, second, tenant, number, end):
        yield missed


def _differences(ours: Mapping[int, bytes], listed: Mapping[int, bytes], key: VerifierKey) -> Iterator[str]:
    for size in sorted(ours.keys() | listed.keys()):
        if size not in listed:
            yield f"the checkpoint of size {size} is not listed"
        elif size in ours and listed[size] != ours[size]:
            yield f"the checkpoint of size {size} is not that of the tables"
        elif size not in ours:
            try:
                Checkpoint.open(listed[size], key)
            except LedgerError:
                yield f"the checkpoint of size {size} was never signed"
            else:
                yield f"the checkpoint of size {size} was signed, and the tables do not remember it"


async def _unlisted(db: Database, second: Blobs, tenant: TenantId, number: int, end: int) -> str:
    """Tell of checkpoints beyond the list, which ends before its file ``number`` with the size ``end``."""
    async with db.transaction(tenant) as tx:
        later = await log_store.checkpoints_after(tx, end, 1)
    if not later:
        return ""
    size, note = later[0]
    notes: list[bytes] = []
    for _ in range(_TRIES):  # of a log that is being written, the newest is listed in a moment
        _, notes = await last(second, tenant, number * NOTES)
        if note in notes:
            return ""
        await asyncio.sleep(_LAG_S)
    if notes and len(notes) < NOTES:
        return f"{name(number - 1)}: the checkpoint of size {size} is not listed"
    return f"{name(number)}: it is missing"


class Signed:
    """Appends to the list of each log; the end of it is remembered."""

    def __init__(self, db: Database, second: Blobs) -> None:
        self._db = db
        self._second = second
        self._ends: dict[TenantId, tuple[int, list[bytes]]] = {}

    async def catch_up(self, tenant: TenantId) -> None:
        """List what the table has beyond the end of the list: whoever signed it ended before it was listed.

        Raises:
            ForkError: the list knows a newer checkpoint, or another one of that size.
        """
        async with self._db.transaction(tenant) as tx:
            count, note = await log_store.count_checkpoints(tx), await log_store.last_checkpoint(tx)
        number, notes = await last(self._second, tenant, count)
        end, newest = size_of(notes[-1]) if notes else 0, size_of(note) if note else 0
        if end > newest or (end == newest and notes and notes[-1] != note):
            raise ForkError(_FORKED)
        self._ends[tenant] = number, notes
        while end < newest:
            async with self._db.transaction(tenant) as tx:
                more = await log_store.checkpoints_after(tx, end, NOTES)
            await self.add(tenant, [each for _, each in more])
            end = more[-1][0]

    async def add(self, tenant: TenantId, fresh: Sequence[bytes]) -> None:
        """List checkpoints that were signed just now, after ``catch_up``; they are durable once this returns."""
        number, notes = self._ends[tenant]
        waiting = [*notes, *fresh]
        for at in range(0, len(waiting), NOTES):
            some = waiting[at : at + NOTES]
            self._ends[tenant] = number + at // NOTES, some
            if at + NOTES > len(notes):
                await self._second.write(path(tenant, number + at // NOTES), _spelled(some))
