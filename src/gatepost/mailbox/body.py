"""A message's octets as received: small ones in PostgreSQL, large ones in the object store (docs/adr/0014).

Only what is kept, held or queued has a body. A small one is written by the transaction that decides; a large one
before it, under the name of its own arrival, so that taking it away again can never take another message's.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeGuard

import structlog

from gatepost.blobs import Blobs, BlobsUnavailableError, address_of
from gatepost.db import Database, Transaction, UndecidedError
from gatepost.ids import BlobId, EmailId, TenantId
from gatepost.keys import KeyringError
from gatepost.mail.octets import Octets, opened
from gatepost.mailbox import store
from gatepost.mailbox.paper import Body, body_place

INLINE_MAX_OCTETS = 64 * 1024
"""Above this a body costs PostgreSQL more than a file does: it is written twice there, to the WAL and to the heap."""

BODIES = "bodies"
"""Below this name they lie in the object store."""

log = structlog.get_logger()


class BodyMissingError(BlobsUnavailableError):
    """There is no body of that name.

    Whoever has the row of its message knows that it was there, for octets go with their row: the store that said so is
    not mounted, is another one, or stands behind a proxy that answers in its place. It is never a final fact.
    """

    reason = "body.missing"


class BodyDamagedError(BlobsUnavailableError):
    """What was read does not hash to what was received; it was thrown away. The next reading may be whole."""

    reason = "body.damaged"


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
    return f"{BODIES}/{tenant}/{email[-2:]}/{email}"


def is_small(octets: Octets) -> TypeGuard[bytes]:
    """Tell whether the transaction that decides also writes the body: such a one needs nobody's custody before."""
    return isinstance(octets, bytes) and len(octets) <= INLINE_MAX_OCTETS  # never what is on disk


@asynccontextmanager
async def in_custody(db: Database, blobs: Blobs, tenant: TenantId, body: Body) -> AsyncIterator[Custody]:
    """Hold a large body durably, sealed, while its message is judged, and take it away again unless it is to stay.

    Where nobody can know whether the decision was committed (PostgreSQL broke at that, the caller was cancelled), it
    stays too: an orphan is harmless, a gap is not.

    Raises:
        BlobsUnavailableError: the store did not take it; nothing is half-done.
        OSError: it lies on a disk that does not give it back.
    """
    custody = Custody()
    if is_small(body.octets):
        yield custody
        return
    path = object_path(tenant, body.email)
    vault = db.keys.vault(tenant)
    try:
        async with opened(body.octets) as found:
            sealing = vault.seal_stream(body.place, [found], at=body.received_at, subject=body.subject)
            await blobs.write(path, await asyncio.to_thread(b"".join, sealing))
    except BlobsUnavailableError:  # perhaps it is there, and only its last flush failed
        await _take_away(blobs, path, body.email)
        raise
    try:
        yield custody
    except (UndecidedError, asyncio.CancelledError):
        custody.keep()
        raise
    finally:
        if not custody.is_kept:
            await _take_away(blobs, path, body.email)


async def _take_away(blobs: Blobs, path: str, email: EmailId) -> None:
    """Remove an object; that it cannot be removed changes no decision."""
    try:
        await blobs.remove(path)
    except BlobsUnavailableError:
        log.warning("body.orphaned", email=email)


def keep_bodies(tx: Transaction, bodies: Iterable[Body]) -> None:
    """Store small bodies with the commit; large ones are in custody already. Keeping one again does nothing."""
    small = [(body, body.octets) for body in bodies if is_small(body.octets)]
    if small:
        store.insert_bodies(tx, small)


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
        ErasedError: a key it was sealed under was destroyed: nobody can read it any more.
        BlobsUnavailableError: the object store does not answer; of its kind, BodyMissingError: there is none, and
            BodyDamagedError: it is not what was received.
    """
    try:
        async with db.transaction(tenant) as tx:
            octets = await store.body(tx, email)
        if octets is None:
            octets = await _read_large(db, blobs, tenant, email)
    except KeyringError as error:
        raise BodyDamagedError(email) from error
    if octets is None:
        raise BodyMissingError(email)
    if address_of(octets) != blob:
        raise BodyDamagedError(email)
    return octets


async def _read_large(db: Database, blobs: Blobs, tenant: TenantId, email: EmailId) -> bytes | None:
    sealed = await blobs.read(object_path(tenant, email))
    if sealed is None:
        return None
    opening = db.keys.vault(tenant).open_stream(body_place(email), [sealed])
    return await asyncio.to_thread(b"".join, opening)
