"""The SQL of streams: who reads one, and what is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatepost.act.paper import Event, EventKind
from gatepost.act.telling_store import event_of
from gatepost.db import Database, Transaction
from gatepost.ids import AccountId, TenantId


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on a stream is whole, and where it ends for now."""

    since: int
    last: int

    def resume(self, cursor: int | None) -> tuple[int, bool]:
        """Return the place to go on after, and whether all that happened since the reader's own is still there.

        A place beyond the end is of another stream, or of this one before the house was restored to an older day: what
        comes now would stand below it, and never be told.
        """
        if cursor is None:
            return self.last, True
        return min(max(cursor, self.since), self.last), self.since <= cursor <= self.last


async def open_stream(tx: Transaction, account: AccountId, at: datetime) -> Bounds:
    """Keep the account's events from now on, if nobody read them yet; say that somebody does."""
    query = """
        insert into event_stream_reader (tenant, account, since, seen_at)
        values (%(tenant)s, %(account)s, lookup_last_place(), %(at)s)
        on conflict (tenant, account) do update set seen_at = greatest(event_stream_reader.seen_at, excluded.seen_at)
        returning since, greatest(since, (
          select max(place) from event where tenant = %(tenant)s and event.account = %(account)s and place is not null
        )) as last
    """
    row = await tx.one(query, account=account, at=at)
    return Bounds(row.since, row.last)


async def page(
    tx: Transaction, account: AccountId, *, after: int, kinds: Sequence[EventKind], limit: int
) -> list[Event]:
    """Return the events after a place, in order."""
    query = """
        select * from event where tenant = %(tenant)s and account = %(account)s and place > %(after)s
          and place is not null and kind = any(%(kinds)s)
        order by place limit %(limit)s
    """
    rows = await tx.all(query, account=account, after=after, kinds=[kind.value for kind in kinds], limit=limit)
    return [event_of(row) for row in rows]


async def place(db: Database) -> list[tuple[TenantId, AccountId]]:
    """Give what committed its place; return whose streams grew."""
    rows = await db.look_up("select * from lookup_place_events()")
    return [(TenantId(row.tenant), AccountId(row.account)) for row in rows]
