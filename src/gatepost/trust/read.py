"""What the public doors read: claims, histories, the public trust log, challenges. Nothing here writes but ``ask``."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import EntryId, LeafIndex
from gatepost.journey import House
from gatepost.record import export, trust_log
from gatepost.record.trust_log import TRUST, Stated
from gatepost.trust import deeds, guest, leaf, store
from gatepost.trust.document import Claims, Past, claims_of
from gatepost.trust.held import MISSING, UNPROVEN, Held
from gatepost.trust.logged import Logged
from gatepost.trust.operator import Operator, read_operator
from gatepost.trust.paper import Shown, unverified

HISTORY_MAX = 200
_NONE, _END = LeafIndex(-1), LeafIndex(2**63)


async def read_claims(house: House, folder: Path) -> Claims:
    """Return every claim as it stands now.

    Raises:
        OperatorError: the operator's folder cannot be read.
    """
    return await claims_of_folder(house, await asyncio.to_thread(read_operator, folder), Held(house.blobs))


async def claims_of_folder(house: House, operator: Operator, held: Held) -> Claims:
    """Return every claim of a folder that was read, as it stands now; a row that the log does not bear out, as such."""
    await held.logged.look()  # before the rows: each is there before its leaf
    async with house.db.transaction(TRUST) as tx:
        present = {each.id for each in operator.claims if not each.withdrawn}
        subjects = {
            subject: entry
            for subject, entry in (await store.newest(tx)).items()
            if not subject.startswith(leaf.WORDS) or subject.removeprefix(leaf.WORDS) not in present
        }
        facts = {each.entry: each for each in await trust_log.stated(tx, [*subjects.values()])}
        vkey = await export.vkey(tx)
    now = house.clock()
    faults = await held.faults(facts.values(), now)
    rows = {subject: facts[entry] for subject, entry in subjects.items() if entry in facts}
    claims = {subject: row for subject, row in rows.items() if not subject.startswith("@")}
    faults |= await _rolled_back(claims, held.logged, now)
    newer = {subject: fact for subject, fact in held.logged.newest.items() if _is_newer(fact, rows.get(subject))}
    faults |= {fact.entry: MISSING for subject, fact in newer.items() if not subject.startswith("@")}
    last = rows | newer
    results = [fact for subject, fact in last.items() if not subject.startswith("@")]
    known = {each.result.claim: each for each in _borne_out(results, faults)}
    believed = {subject: fact for subject, fact in last.items() if fact.entry not in faults}
    return claims_of(
        operator.claims,
        known,
        Past(withdrawals=_under(leaf.GONE, believed), words=_under(leaf.WORDS, believed)),
        at=now,
        revision=believed.get(leaf.REVISION),
        vkey=vkey,
    )


def _under(prefix: str, facts: Mapping[str, Stated]) -> dict[str, Stated]:
    return {name.removeprefix(prefix): fact for name, fact in facts.items() if name.startswith(prefix)}


def _is_newer(fact: Stated, row: Stated | None) -> bool:
    """Tell whether the log holds a newer fact than the newest row: somebody took away what was stated last."""
    return row is None or row.entry < fact.entry


async def _rolled_back(rows: Mapping[str, Stated], logged: Logged, now: datetime) -> dict[EntryId, str]:
    """Read on, back to the oldest result that still counts; return those after which not all could be read."""
    counting = {
        each.entry: each.leaf_index
        for row in rows.values()
        for each in leaf.readable([row])
        if each.leaf_index is not None and each.result.expires_at > now
    }
    await logged.back_to(min(counting.values(), default=_END))
    return {entry: UNPROVEN for entry, place in counting.items() if not logged.covers(place)}


async def read_history(
    house: House, claim: str, *, held: Held | None = None, limit: int = HISTORY_MAX, before: EntryId | None = None
) -> list[Shown]:
    """Return what was ever stated about a claim, newest first; empty where nothing was."""
    if claim.startswith("@"):
        return []
    found, faults = await _newest_first(house, claim, limit, held or Held(house.blobs), before)
    return _borne_out(found, faults)


async def is_any_older(house: House, claim: str, before: EntryId) -> bool:
    """Tell whether anything was stated about a claim before that, readable or not."""
    async with house.db.transaction(TRUST) as tx:
        return bool(await store.history(tx, claim, limit=1, before=before))


async def read_revisions(house: House, *, held: Held | None = None, limit: int = HISTORY_MAX) -> list[Stated]:
    """Return the revisions of the operator's folder that the log bears out, newest first."""
    return await _believed(house, leaf.REVISION, limit, held)


async def read_words(house: House, claim: str, *, held: Held | None = None) -> list[Stated]:
    """Return every wording of a claim that the log bears out, newest first."""
    return await _believed(house, leaf.WORDS + claim, HISTORY_MAX, held)


async def read_deeds(house: House, *, held: Held | None = None) -> deeds.Deeds:
    """Return what people of the operator did, as far as the log bears it out."""
    found = await deeds.facts(house.db)
    faults = await (held or Held(house.blobs)).faults(found, house.clock())
    return deeds.read_of([each for each in found if each.entry not in faults])


async def read_outside(house: House, *, held: Held | None = None, limit: int) -> list[Stated]:
    """Return what others saw of this house and signed, newest first, as far as the log bears it out."""
    return await _believed(house, guest.SUBJECT, limit, held)


async def _believed(house: House, subject: str, limit: int, held: Held | None) -> list[Stated]:
    found, faults = await _newest_first(house, subject, limit, held or Held(house.blobs))
    own = {None, MISSING}  # what no row has is the log's own word
    return [each for each in found if faults.get(each.entry) in own]


async def _newest_first(
    house: House, subject: str, limit: int, held: Held, before: EntryId | None = None
) -> tuple[list[Stated], dict[EntryId, str]]:
    """Return the facts about a subject, those of the log too that no row has, and what is wrong with which."""
    await held.logged.look()
    async with house.db.transaction(TRUST) as tx:
        entries = await store.history(tx, subject, limit=min(limit, HISTORY_MAX), before=before)
        found = [*reversed(await trust_log.stated(tx, entries))]
    faults = await held.faults(found, house.clock())
    if before is not None:
        return found, faults
    there = {each.leaf_index for each in found if each.leaf_index is not None}
    first = (
        min(there, default=_NONE) if len(found) >= min(limit, HISTORY_MAX) else _NONE
    )  # older ones were not asked for
    known = [place for place in held.logged.places.get(subject, ()) if place > first and place not in there]
    missing = await held.logged.at(known)
    merged = sorted([*found, *missing], key=lambda each: each.entry, reverse=True)[:limit]
    return merged, faults | {each.entry: MISSING for each in missing}


def _borne_out(facts: Iterable[Stated], faults: Mapping[EntryId, str]) -> list[Shown]:
    """Return what facts say; of those that are not to be believed, that nobody could tell, and why."""
    found: list[Shown] = []
    for each in leaf.readable(facts):
        fault = faults.get(each.entry)
        result = each.result
        if fault:
            result = replace(result, finding=unverified(fault), control=None, check_version="")
        found.append(replace(each, result=result))
    return found


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
