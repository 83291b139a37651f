"""What the public doors read: claims, histories, the public trust log, challenges. Nothing here writes but ``ask``."""

import asyncio
from pathlib import Path

from gatepost.blobs import Blobs
from gatepost.clock import Clock
from gatepost.db import Database, Transaction
from gatepost.ids import EntryId, LeafIndex
from gatepost.record import export, trust_log
from gatepost.record.trust_log import TRUST, Stated
from gatepost.trust import guest, leaf, store
from gatepost.trust.document import Claims, claims_of
from gatepost.trust.operator import Operator, read_operator
from gatepost.trust.paper import Shown

HISTORY_MAX = 200


async def read_claims(db: Database, folder: Path, clock: Clock) -> Claims:
    """Return every claim as it stands now.

    Raises:
        OperatorError: the operator's folder cannot be read.
    """
    return await claims_of_folder(db, await asyncio.to_thread(read_operator, folder), clock)


async def claims_of_folder(db: Database, operator: Operator, clock: Clock) -> Claims:
    """Return every claim of a folder that was read, as it stands now."""
    async with db.transaction(TRUST) as tx:
        subjects = await store.newest(tx)
        facts = {each.entry: each for each in await trust_log.stated(tx, [*subjects.values()])}
        vkey = await export.vkey(tx)
    results: list[Stated] = []
    withdrawals: dict[str, Stated] = {}
    for subject, entry in subjects.items():
        if entry not in facts:  # the row was changed
            continue
        if subject.startswith(leaf.GONE):
            withdrawals[subject.removeprefix(leaf.GONE)] = facts[entry]
        elif not subject.startswith("@"):
            results.append(facts[entry])
    known = {each.result.claim: each for each in leaf.readable(results)}
    revision = facts.get(subjects.get(leaf.REVISION, EntryId(-1)))
    return claims_of(operator.claims, known, withdrawals, at=clock(), revision=revision, vkey=vkey)


async def read_history(
    db: Database, claim: str, *, limit: int = HISTORY_MAX, before: EntryId | None = None
) -> list[Shown]:
    """Return what was ever stated about a claim, newest first; empty where nothing was."""
    if claim.startswith("@"):
        return []
    async with db.transaction(TRUST) as tx:
        return [*leaf.readable(await _facts(tx, claim, limit, before))]


async def read_revisions(db: Database, *, limit: int = HISTORY_MAX) -> list[Stated]:
    """Return the revisions of the operator's folder, newest first."""
    async with db.transaction(TRUST) as tx:
        return await _facts(tx, leaf.REVISION, limit, None)


async def read_outside(db: Database, *, limit: int) -> list[Stated]:
    """Return what others saw of this house and signed, newest first."""
    async with db.transaction(TRUST) as tx:
        return await _facts(tx, guest.SUBJECT, limit, None)


async def _facts(tx: Transaction, subject: str, limit: int, before: EntryId | None) -> list[Stated]:
    entries = await store.history(tx, subject, limit=min(limit, HISTORY_MAX), before=before)
    return list(reversed(await trust_log.stated(tx, entries)))


async def read_proof(blobs: Blobs, leaf_index: LeafIndex) -> bytes:
    """Return the ``.tlog-proof`` of one fact of the public trust log.

    Raises:
        NotInLogError: it has no such entry.
        LedgerError: a tile is missing or damaged.
    """
    return await export.prove(blobs, TRUST, leaf_index)


async def read_entry(blobs: Blobs, leaf_index: LeafIndex) -> bytes:
    """Return the exact octets of one fact.

    Raises:
        NotInLogError: the log has no such entry.
        LedgerError: its bundle is missing or damaged.
    """
    return await export.entry_bytes(blobs, TRUST, leaf_index)


async def read_checkpoint(blobs: Blobs) -> bytes | None:
    """Return the public trust log's checkpoint, or None before its first fact."""
    return await export.checkpoint(blobs, TRUST)


async def read_tile(blobs: Blobs, path: str) -> bytes | None:
    """Return a tile or an entry bundle of the public trust log, at ``tile/...``; None where there is none."""
    return await export.tile(blobs, TRUST, path)


async def read_vkey(db: Database) -> str | None:
    """Return the public trust log's verifier key, or None before its first fact."""
    async with db.transaction(TRUST) as tx:
        return await export.vkey(tx)
