"""The public trust log: facts anybody may read, in a log of the same kind as a tenant's.

It lies under a name no tenant can have, and its leaves hold no personal data and hide nothing: a fact that would not
fit, or would have to be hidden, is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.ledger.merkle import leaf_hash
from gatepost.record import store
from gatepost.record.entry import consequence_draft
from gatepost.record.paper import Consequence, Json, Kind

TRUST = TenantId("trust")
"""Whose log it is: no customer's, whose ids begin with ``tn_``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One public fact: ``action`` as ``subject.verb``, ``object_ref`` an id of ours, ``detail`` in clear."""

    action: str
    at: datetime
    object_ref: str
    detail: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact as its leaf says it; ``leaf_index`` is None until the sequencer has given it its place.

    ``leaf_hash``: of the row's octets (RFC 6962 section 2.1); what the log holds in that place may be another one.
    """

    entry: EntryId
    leaf_index: LeafIndex | None
    at: datetime
    action: str
    object_ref: str
    detail: Mapping[str, Any]
    leaf_hash: bytes = b""


async def state(tx: Transaction, facts: Sequence[Fact], *, entropy: Entropy) -> list[EntryId]:
    """Write facts, in a transaction of ``TRUST``; return their numbers in order.

    Raises:
        UnrecordableError: one is no JSON or too long for a leaf.
    """
    drafts = []
    for fact in facts:
        said = Consequence(
            kind=Kind.TRUST,
            action=fact.action,
            actor="house",
            at=fact.at,
            object_ref=fact.object_ref,
            public=fact.detail,
        )
        draft = consequence_draft(tx.tenant, said, entropy=entropy, is_open=True)
        drafts.append((draft, store.Columns(action=fact.action)))
    return await store.append(tx, drafts) if drafts else []


async def stated(tx: Transaction, entries: Sequence[EntryId]) -> list[Stated]:
    """Return facts by their numbers, in the order of the log; unknown ones are left out.

    So are rows that somebody changed until they are no leaves: they say nothing, and ``log verify`` names them.
    """
    rows = await store.by_number(tx, entries)
    found = [(row.entry, of_leaf(row.leaf, row.leaf_index)) for row in rows]
    return [replace(each, entry=entry) for entry, each in found if each is not None]


def of_leaf(octets: bytes, leaf_index: LeafIndex | None) -> Stated | None:
    """Return the fact that a leaf states; None where it states none."""
    try:
        leaf = orjson.loads(octets)
        at = datetime.fromisoformat(leaf["ts"])
        said = leaf["action"], leaf["object_ref"], leaf["detail"]
        return Stated(EntryId(int(leaf["seq"])), leaf_index, at, *said, leaf_hash(octets))
    except (KeyError, TypeError, ValueError):
        return None
