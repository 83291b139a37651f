from datetime import timedelta

import pytest

from act.scene import announce, happened
from gatepost.act import stream_store, telling_store
from gatepost.db import Database
from outbound import ACCOUNT, NOW, TENANT


async def test_a_stream_that_lost_old_events_knows_from_where_on_it_is_whole(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        opened = await stream_store.open_stream(tx, ACCOUNT, NOW)
    await announce(db, happened(1))
    await stream_store.place(db)
    async with db.transaction(TENANT) as tx:
        await telling_store.forget(tx, before=NOW + timedelta(days=1), unread_since=NOW)
        cut = await stream_store.open_stream(tx, ACCOUNT, NOW)
    assert opened.since < cut.since == cut.last


async def test_a_stream_nobody_reads_any_more_is_closed(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await stream_store.open_stream(tx, ACCOUNT, NOW)
        later = NOW + timedelta(days=31)
        await telling_store.forget(tx, before=NOW, unread_since=later)
        assert await tx.all("select account from event_stream_reader where tenant = %(tenant)s") == []
    await announce(db, happened(1))
    assert await stream_store.place(db) == []


@pytest.mark.parametrize(
    ("cursor", "after"),
    [(None, (9, True)), (5, (5, True)), (9, (9, True)), (7, (7, True)), (4, (5, False)), (10, (9, False))],
)
def test_a_reader_goes_on_within_the_stream(cursor: int | None, after: tuple[int, bool]) -> None:
    assert stream_store.Bounds(since=5, last=9).resume(cursor) == after
