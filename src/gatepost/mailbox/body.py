"""A message's octets as received: small ones in PostgreSQL, large ones in the object store (docs/adr/0014).

Only what is kept, held or queued has a body. A small one is written by the transaction that decides; a large one
before it, under the name of its own arrival, so that taking it away again can never take another message's.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from gatepost.blobs import Blobs, BlobsUnavailableError, address_of
from gatepost.db import Database, DatabaseUnavailableError, Transaction
from gatepost.ids import BlobId, EmailId, TenantId
from gatepost.mail.octets import Octets, opened
from gatepost.mailbox import store

INLINE_MAX_OCTETS = 64 * 1024
"""Above this a body costs PostgreSQL more than a file does: it is written twice there, to the WAL and to the heap."""

log = structlog.get_logger()


class BodyMissingError(LookupError):
    """There is no body of that name."""


class BodyDamagedError(BlobsUnavailableError):
    """What was read does not hash to what was received; it was thrown away."""


class Custody:
    """A large body in the object store whose fate is open."""

    def __init__(self) -> None:
        self._is_kept = False

    @property
    def is_kept(self) -> bool:
        """True once somebody said that it stays."""
        return self._is_kept

    def keep(self) -> None:
        """Let it stay: what was decided is committed, and it names this body."""
        self._is_kept = True


def object_path(tenant: TenantId, email: EmailId) -> str:
    """Return where a large body lies; two characters of the id keep folders small."""
    return f"bodies/{tenant}/{email[-2:]}/{email}"


@asynccontextmanager
async def in_custody(blobs: Blobs, tenant: TenantId, email: EmailId, octets: Octets) -> AsyncIterator[Custody]:
    """Hold a large body durably while its message is judged, and take it away again unless it is to stay.

    Where nobody can know whether the decision was committed (PostgreSQL broke, the caller was cancelled), it stays
    too: an orphan is harmless, a gap is not.

    Raises:
        BlobsUnavailableError: the store did not take it; nothing is half-done.
        OSError: it lies on a disk that does not give it back.
    """
    custody = Custody()
    if len(octets) <= INLINE_MAX_OCTETS:
        yield custody
        return
    path = object_path(tenant, email)
    async with opened(octets) as found:
        await blobs.write(path, found)
    try:
        yield custody
    except (DatabaseUnavailableError, asyncio.CancelledError):
        custody.keep()
        raise
    finally:
        if not custody.is_kept:
            await _take_away(blobs, path, email)


async def _take_away(blobs: Blobs, path: str, email: EmailId) -> None:
    """Remove an object; that it cannot be removed changes no decision."""
    try:
        await blobs.remove(path)
    except BlobsUnavailableError:
        log.warning("body.orphaned", email=email)


async def keep_bodies(tx: Transaction, bodies: Mapping[EmailId, bytes]) -> None:
    """Store small bodies with the transaction; large ones are in custody already. Keeping one again does nothing."""
    small = {email: octets for email, octets in bodies.items() if len(octets) <= INLINE_MAX_OCTETS}
    if small:
        await store.insert_bodies(tx, small)


async def read_body(db: Database, blobs: Blobs, tenant: TenantId, email: EmailId, blob: BlobId) -> bytes:
    """Return the octets as received.

    The hash is checked on each read: a body is evidence, and hashing costs less than reading it did.

    Args:
        db: where small bodies lie.
        blobs: where large ones do.
        tenant: whose message it is.
        email: the arrival's id.
        blob: SHA-256 of the octets, from the message's row.

    Raises:
        BodyMissingError: there is none.
        BodyDamagedError: it is not what was received.
        BlobsUnavailableError: the object store does not answer.
    """
    async with db.transaction(tenant) as tx:
        octets = await store.body(tx, email)
    if octets is None:
        octets = await blobs.read(object_path(tenant, email))
    if octets is None:
        raise BodyMissingError(email)
    if address_of(octets) != blob:
        raise BodyDamagedError(email)
    return octets
