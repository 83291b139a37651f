"""Tenants' log heads in the public trust log, once an hour, so blinded that they tell nobody anything.

One leaf a round: the root of a Merkle tree (RFC 6962 hashing) over salted commitments, one per tenant, filled up with
random ones to the next power of two, eight at least, so that not even the number of tenants shows. Each tenant keeps
what opens its own; with it and the trust log it proves that its head was known to the world by then, and the house
cannot show it another history of that size. A tenant that a crash kept from its part has the next hour's.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import EntryId, TenantId
from gatepost.ledger.merkle import leaf_hash, node_hash, verify_inclusion
from gatepost.record import export, log_store, trust_log
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import store
from gatepost.trust.store import Head

STATED = "heads.stated"
SUBJECT = "@heads"
EVERY = timedelta(hours=1)
DOMAIN = b"gatepost/head/v1"
SALT_OCTETS = 32
WIDTH_MIN = 8


@dataclass(frozen=True, slots=True)
class Opened:
    """One tenant's head, to be committed to."""

    tenant: TenantId
    origin: str
    size: int
    root: bytes


def commitment(salt: bytes, origin: str, size: int, root: bytes) -> bytes:
    """Return SHA-256(domain, 0, salt, origin, LF, size, LF, root)."""
    return hashlib.sha256(b"%b\x00%b%b\n%d\n%b" % (DOMAIN, salt, origin.encode(), size, root)).digest()


def tree(entries: Sequence[bytes]) -> tuple[bytes, list[tuple[bytes, ...]]]:
    """Return the root over a power of two of entries, and the path of each."""
    level = [leaf_hash(each) for each in entries]
    paths: list[list[bytes]] = [[] for _ in entries]
    places = list(range(len(entries)))
    while len(level) > 1:
        for at, place in enumerate(places):
            paths[at].append(level[place ^ 1])
            places[at] = place // 2
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0], [tuple(path) for path in paths]


def verify(head: Head, origin: str, root: bytes) -> None:
    """See that a tenant's head is under the root that a round stated.

    Raises:
        LedgerError: it is not.
    """
    path = [head.path[at : at + 32] for at in range(0, len(head.path), 32)]
    entry = commitment(head.salt, origin, head.size, head.root)
    verify_inclusion(head.place, head.width, leaf_hash(entry), path, root)


async def state_hourly(db: Database, now: datetime, entropy: Entropy) -> EntryId | None:
    """State the heads where the last round is an hour old; return its number, or None where it is not time yet."""
    async with db.transaction(TRUST) as tx:
        last = await store.history(tx, SUBJECT, limit=1)
        stated = await trust_log.stated(tx, last)
    if stated and timedelta(0) <= now - stated[0].at < EVERY:  # one dated ahead was stated under a wrong clock
        return None
    opened = await _heads(db)
    return await _state(db, opened, now, entropy) if opened else None


async def _heads(db: Database) -> list[Opened]:
    found = []
    for tenant in await log_store.tenants_with_log(db):
        if tenant == TRUST:
            continue
        async with db.transaction(tenant) as tx:
            head = await export.head(tx)
        if head is not None:
            found.append(Opened(tenant, head.origin, head.size, head.root))
    return found


async def _state(db: Database, opened: Sequence[Opened], now: datetime, entropy: Entropy) -> EntryId:
    width = max(WIDTH_MIN, 1 << (len(opened) - 1).bit_length())
    salts = [entropy(SALT_OCTETS) for _ in opened]
    entries = [commitment(salt, each.origin, each.size, each.root) for salt, each in zip(salts, opened, strict=True)]
    entries += [entropy(SALT_OCTETS) for _ in range(width - len(opened))]
    order = sorted(range(width), key=lambda at: entries[at])  # a tenant's place tells nothing about it either
    root, paths = tree([entries[at] for at in order])
    async with db.transaction(TRUST) as tx:
        detail: dict[str, Json] = {"root": root.hex(), "width": width}
        (entry,) = await trust_log.state(
            tx, [Fact(action=STATED, at=now, object_ref="heads", detail=detail)], entropy=entropy
        )
        await store.add_fact(tx, entry, subject=SUBJECT, outcome="stated", at=now)
    for place, at in enumerate(order):
        if at < len(opened):
            mine = opened[at]
            kept = Head(entry, mine.size, mine.root, salts[at], place, width, b"".join(paths[place]), now)
            async with db.transaction(mine.tenant) as tx:
                await store.add_head(tx, kept)
    return entry
