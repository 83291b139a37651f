"""Letters to look for, and how a test keeps and finds them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from msgspec import structs

from gatepost import mailbox
from gatepost.db import Database, Transaction
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.mail.reading import Attachment, of_text
from gatepost.mailbox.paper import Email
from outbound import ACCOUNT, KEPT, TENANT

INVOICE: dict[str, Any] = {
    "author": Address("alice.jones", "mail.example.org"),
    "from_shown": "Alïce Jones <alice.jones@mail.example.org>",
    "to_shown": "The Agent <agent@gatepost.test>, bob@partner.example",
    "subject": "Invoice for the Straße project",
    "text": "Please pay the invoice by Friday next week. 東京都で会いましょう。",
    "files": ("Q3-report.pdf",),
}


def letter(number: int, text: str = KEPT.text, files: Sequence[str] = (), **changes: Any) -> Email:
    """Return a letter; each number is a minute after the one before."""
    attached = tuple(Attachment(place, name, "application/pdf", 1_000) for place, name in enumerate(files, 2))
    return structs.replace(
        KEPT,
        id=EmailId(f"em_{number:016}"),
        received_at=KEPT.received_at + timedelta(minutes=number),
        message_id=f"{number}@example.org",
        reading=replace(of_text(text), attachments=attached),
        **changes,
    )


async def keep(db: Database, *emails: Email, indexed: bool) -> None:
    async with db.transaction(TENANT) as tx:
        await mailbox.keep_all(tx, emails)
    if indexed:
        await mailbox.Indexer(db).index(TENANT, limit=10_000)


async def find(tx: Transaction, text: str, limit: int = 50, cursor: str | None = None) -> list[str]:
    found = await mailbox.search(tx, ACCOUNT, mailbox.parse_query(text), limit=limit, cursor=cursor)
    return [email.id for email in found.emails]


async def hits(db: Database, text: str) -> list[int]:
    """Return the numbers of the letters that answer a query."""
    async with db.transaction(TENANT) as tx:
        return [int(email.removeprefix("em_")) for email in await find(tx, text)]
