"""The proofs about one message, given its octets: what a person with a mail in their hand asks for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatepost.app.explain import on_the_wire
from gatepost.ids import LeafIndex, TenantId
from gatepost.journey import House
from gatepost.mail.fields import split
from gatepost.record import export, search
from gatepost.record.errors import IndexBehindError
from gatepost.record.search import Sought
from gatepost.record.word_store import Row
from gatepost.verify.content import message_id_of

ENTRIES_MAX = 100
"""As many recipients as one message of ours has at most."""


@dataclass(frozen=True, slots=True)
class Proved:
    """One entry about a message, with all that proves it.

    Attributes:
        entry: the exact octets that the log hashes.
        opening: values and salts behind its commitments; None once they are erased.
        proof: a ``.tlog-proof`` of it.
        has_same_octets: False where only the Message-ID says that it is about this message.
    """

    leaf_index: LeafIndex
    entry: bytes
    opening: Mapping[str, Any] | None
    proof: bytes
    has_same_octets: bool

    def spelled(self) -> dict[str, Any]:
        """Return it as JSON; the entry as text, so that its octets can be hashed."""
        return {
            "leaf_index": self.leaf_index,
            "has_same_octets": self.has_same_octets,
            "entry": self.entry.decode(),
            "opening": self.opening,
            "proof": self.proof.decode(),
        }


async def prove_message(house: House, tenant: TenantId, octets: bytes) -> list[Proved]:
    """Return the proofs of all entries about a message, oldest first; none where the record knows nothing of it.

    It is known by the SHA-256 of its octets as they came. Where somebody has added to the file since (a mailbox adds
    fields when it is told of a delivery), its Message-ID, which its author chose, is all there is.

    Raises:
        NotInLogError: an entry waits for its place in the log.
        IndexBehindError: none was found, and not all are indexed.
        LedgerError: a tile is missing or damaged.
    """
    raw = on_the_wire(octets)
    found = await _decisions(house, tenant, {"octets": hashlib.sha256(raw).hexdigest()})
    is_same = bool(found)
    if not found and (message_id := message_id_of(split(raw))):
        found = await _decisions(house, tenant, {"message-id": message_id})
    return [await _proved(house, tenant, row, is_same=is_same) for row in reversed(found)]


async def _decisions(house: House, tenant: TenantId, facts: dict[str, str | None]) -> list[Row]:
    async with house.db.transaction(tenant) as tx:
        page = await search.page(tx, Sought(facts={**facts, "kind": "decision"}), limit=ENTRIES_MAX)
    if page.unindexed > search.UNINDEXED_MAX and not page.rows:
        raise IndexBehindError(page.unindexed)
    return list(page.rows)


async def _proved(house: House, tenant: TenantId, row: Row, *, is_same: bool) -> Proved:
    if row.leaf_index is None:
        raise export.NotInLogError(row.place.entry)
    return Proved(
        leaf_index=row.leaf_index,
        entry=await export.entry_bytes(house.blobs, tenant, row.leaf_index),
        opening=row.opening,
        proof=await export.prove(house.blobs, tenant, row.leaf_index),
        has_same_octets=is_same,
    )
