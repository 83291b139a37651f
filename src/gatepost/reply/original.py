"""The header of a message that a report is about."""

from gatepost import mailbox
from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import AccountId, BlobId, EmailId, TenantId
from gatepost.keys import ErasedError
from gatepost.mail.fields import split

HEADER_MAX_OCTETS = 32_768
"""A longer header is cut after a whole line: whoever reads a report wants to know which mail it is about."""


async def read_header(db: Database, blobs: Blobs, tenant: TenantId, account: AccountId, email: EmailId) -> bytes:
    """Return a kept message's header, without the empty line; empty where it is not there, or nobody can read it."""
    async with db.transaction(tenant) as tx:
        kept = await mailbox.get(tx, account, email)
    if kept is None or kept.is_erased:
        return b""
    return await header_of(db, blobs, tenant, email, kept.blob)


async def header_of(db: Database, blobs: Blobs, tenant: TenantId, email: EmailId, blob: BlobId) -> bytes:
    """Return the header of octets at rest, whichever way they went; empty likewise.

    Whoever waits to hear of a failure hears of it also where the octets are not found, or are damaged.
    """
    try:
        raw = await mailbox.read_body(db, blobs, tenant, email, blob)
    except (mailbox.BodyMissingError, mailbox.BodyDamagedError, ErasedError):
        return b""
    return cut(raw)


def cut(raw: bytes) -> bytes:
    """Return a message's header up to ``HEADER_MAX_OCTETS``, whole lines only."""
    header = raw[: split(raw).body_start].rstrip(b"\r\n")
    if len(header) <= HEADER_MAX_OCTETS:
        return header
    return header[: header.rfind(b"\n", 0, HEADER_MAX_OCTETS) + 1].rstrip(b"\r\n")
