"""Whom an incident concerns, computed from the record: tenants, mailboxes, messages and people of a window of time.

People are counted by the addresses behind the entries' commitments, and only counted: no address leaves this module. An
entry whose opening was erased still counts as a message; its people cannot be counted any more, and that is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gatepost import access
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.record.search import UNINDEXED_MAX, Sought, page
from gatepost.record.word_store import Row
from gatepost.trust.paper import OWN_PLANS

PAGE = 500
ROWS_MAX = 50_000
"""Entries that are held at once."""
_PARTIES = ("sender", "recipient")


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What of one tenant's lies in the window.

    Attributes:
        people: different addresses of senders and recipients.
        unreadable: entries whose opening is gone.
        is_whole: False where so much waits to be indexed that some may be missing: ask again later.
    """

    tenant: TenantId
    entries: int
    messages: int
    mailboxes: int
    people: int
    unreadable: int
    is_whole: bool


async def affected(
    db: Database, since: datetime, until: datetime, *, facts: Mapping[str, str | None] | None = None, own: bool = False
) -> list[Affected]:
    """Return the tenants of which entries lie from ``since`` up to, but not at, ``until``.

    Args:
        db: the house's.
        since: the beginning.
        until: the end.
        facts: only entries that are all of this, such as ``{"reason": ...}``.
        own: the house's own tenants too.
    """
    found = []
    for tenant in await access.list_tenants(db):
        if own or tenant.plan not in OWN_PLANS:
            one = await _of(db, tenant.id, Sought(since=since, until=until, facts=facts))
            if one.entries:
                found.append(one)
    return found


async def rows_of(db: Database, tenant: TenantId, sought: Sought) -> tuple[list[Row], bool]:
    """Return a tenant's entries, newest first; and whether they are all, or some may be missing for a while."""
    rows: list[Row] = []
    after, is_whole = None, True
    while True:
        async with db.transaction(tenant) as tx:  # a page each: nothing is held up for long
            got = await page(tx, sought, limit=PAGE, after=after)
        rows += got.rows
        after, is_whole = got.after, is_whole and got.unindexed <= UNINDEXED_MAX
        if after is None or len(rows) > ROWS_MAX:
            return rows, is_whole


async def _of(db: Database, tenant: TenantId, sought: Sought) -> Affected:
    messages, mailboxes, people = set[str](), set[int](), set[str]()
    entries = unreadable = 0
    after, is_whole = None, True
    while True:
        async with db.transaction(tenant) as tx:
            got = await page(tx, sought, limit=PAGE, after=after)
        for row in got.rows:
            entries += 1
            leaf, opened = row.found.leaf, row.found.opened
            unreadable += row.opening is None
            messages |= {leaf["email"]} - {None}
            mailboxes |= {leaf["account"]} - {None}
            people |= {str(opened[name]).lower() for name in _PARTIES if opened.get(name)}
        after, is_whole = got.after, is_whole and got.unindexed <= UNINDEXED_MAX
        if after is None:
            break
    return Affected(
        tenant=tenant,
        entries=entries,
        messages=len(messages),
        mailboxes=len(mailboxes),
        people=len(people),
        unreadable=unreadable,
        is_whole=is_whole,
    )
