"""A customer that does not agree leaves: first with all that is its own, then closed. Each step an entry, in order."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gatepost import access, domains, mailbox
from gatepost.app import administer
from gatepost.app.administer import OPERATOR
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.keys import ErasedError
from gatepost.mailbox.paper import Email
from gatepost.record.folder import export_log
from gatepost.trust import agreeing
from gatepost.trust.engagement import NotYetError
from gatepost.trust.terms import Standing

PAGE = 200
MESSAGES, LIST = "messages", "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was handed over. ``sha256``: of the list of files, which the customer's entry names."""

    messages: int
    entries: int
    sha256: str


async def export(house: House, tenant: TenantId, document: str, folder: Path) -> Taken:
    """Write every message that can still be read, and the log with its proofs, to a folder; note that it was done.

    Raises:
        NotYetError: the customer has not rejected the document's newest version.
        OSError: the folder cannot be written.
        LedgerError: a tile of the log is missing or damaged.
        BlobsUnavailableError: the object store does not answer, or has not what it was given: nothing was noted.
    """
    await _stands(house, tenant, document, Standing.REJECTED, Standing.EXPORTED)
    entries = await export_log(house.db, house.blobs, tenant, folder)
    messages = await _messages(house, tenant, folder / MESSAGES)
    sums = "".join(f"{digest}  {name}\n" for name, digest in _files(folder))
    (folder / LIST).write_text(sums)
    sha256 = hashlib.sha256(sums.encode()).hexdigest()
    await agreeing.say(house, tenant, document, Standing.EXPORTED, sha256=sha256, actor=OPERATOR)
    return Taken(messages, entries, sha256)


async def close(house: House, tenant: TenantId, document: str) -> None:
    """Answer for nothing of the customer's any more and let nobody of it in; its record stays, for it is proof.

    Raises:
        NotYetError: it has no export yet.
    """
    await _stands(house, tenant, document, Standing.EXPORTED, Standing.CLOSED)
    async with house.db.transaction(tenant) as tx:
        names = [each.name for each in await domains.list_domains(tx)]
    for name in names:
        await administer.remove_domain(house, tenant, name)
    await agreeing.say(house, tenant, document, Standing.CLOSED, sha256="", actor=OPERATOR)
    await administer.remove_tenant(house, tenant)


async def _stands(house: House, tenant: TenantId, document: str, *wanted: Standing) -> None:
    puts = await agreeing.put_to(house.db, tenant)
    standing = next((each.standing for each in puts if each.change.document == document), None)
    if standing not in wanted:
        raise NotYetError("terms.none" if standing is None else f"terms.{standing}")


async def _messages(house: House, tenant: TenantId, folder: Path) -> int:
    await asyncio.to_thread(folder.mkdir, mode=0o700)  # others may read the log beside it, and no mail
    async with house.db.transaction(tenant) as tx:
        accounts = await access.list_accounts(tx)
    count = 0
    for account in accounts:
        cursor: str | None = None
        while True:
            async with house.db.transaction(tenant) as tx:
                page = await mailbox.page(tx, account.id, limit=PAGE, cursor=cursor)
            for email in page.emails:
                count += await _write(house, tenant, email, folder)
            if page.after is None:
                break
            cursor = page.after
    return count


async def _write(house: House, tenant: TenantId, email: Email, folder: Path) -> bool:
    """Write one message; False where nobody can read it any more, or it went while others were written."""
    try:
        raw = await mailbox.read_body(house.db, house.blobs, tenant, email.id, email.blob)
    except ErasedError:
        return False
    except mailbox.BodyMissingError:
        async with house.db.transaction(tenant) as tx:
            if await mailbox.find(tx, email.id) is not None:
                raise
        return False
    (folder / f"{email.id}.eml").write_bytes(raw)
    return True


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        yield path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()
