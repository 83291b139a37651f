"""Remove openings, and say so in the log, in one transaction: the entry first, or PostgreSQL refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import EntryId
from gatepost.record import erase_store, store
from gatepost.record.entry import consequence_draft
from gatepost.record.erase_store import (
    NOBODY,
    Place,
    accounts_of,
    answered,
    count_openings,
    emails_under,
    erasure_leaves,
    persons_erased,
    places_about,
    places_from,
    places_of,
)
from gatepost.record.erased import RANGES_MAX, Rule, parts
from gatepost.record.paper import Consequence, Json, Kind

__all__ = [
    "NOBODY",
    "RANGES_MAX",
    "Place",
    "Removal",
    "Rule",
    "accounts_of",
    "answered",
    "count_openings",
    "emails_under",
    "erase",
    "erasure_leaves",
    "parts",
    "persons_erased",
    "places_about",
    "places_from",
    "places_of",
    "say",
]

ACTIONS = {
    Rule.PERSON: "person.erased",
    Rule.PLAN: "record.expired",
    Rule.POLICY: "record.expired",
    Rule.KEYS: "keys.expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What is removed and why, as the log will say it.

    Attributes:
        request: an id of what asked for it; several removals may answer one request.
        actor: who asked: a key id, ``operator``, or ``house`` for what is due.
        what: which entries, as ``erased`` reads it; never who.
        reason: in a person's words; sealed with the entry.
    """

    request: str
    rule: Rule
    actor: str
    at: datetime
    what: Mapping[str, Json] = field(default_factory=dict)
    reason: str = ""


async def say(tx: Transaction, removal: Removal, *, entropy: Entropy) -> EntryId:
    """Write the entry; from here to its end this transaction may remove what the keeper's role may.

    Raises:
        UnrecordableError: ``what`` is too long for an entry.
    """
    told = Consequence(
        kind=Kind.ERASURE,
        action=ACTIONS[removal.rule],
        actor=removal.actor,
        at=removal.at,
        object_ref=removal.request,
        public={"rule": removal.rule.value, **removal.what},
        private={"reason": removal.reason} if removal.reason else {},
    )
    draft = consequence_draft(tx.tenant, told, entropy=entropy)
    (entry,) = await store.append(tx, [(draft, store.Columns(action=told.action))])
    await erase_store.insert_erasure(tx, entry, request=removal.request, rule=removal.rule.value, at=removal.at)
    return entry


async def erase(tx: Transaction, entries: Sequence[EntryId]) -> int:
    """Remove the openings of entries; return how many there were. Only after ``say``."""
    return await erase_store.delete_openings(tx, entries)
