from contextlib import ExitStack

import psycopg
import pytest

import singly
from act.scene import announce, happened
from gatepost.act import EventKind, Streams, TooManyReadersError, store, stream_store
from gatepost.act.paper import CHOICES
from gatepost.act.stream import READERS_PER_ACCOUNT_MAX, page, said
from gatepost.db import Database
from gatepost.ids import AccountId, TenantId
from outbound import ACCOUNT, KEPT, NOW, TENANT


async def _open(db: Database) -> stream_store.Bounds:
    async with db.transaction(TENANT) as tx:
        return await stream_store.open_stream(tx, ACCOUNT, NOW)


async def _read(db: Database, after: int, tenant: TenantId = TENANT) -> list[tuple[int | None, EventKind]]:
    async with db.transaction(tenant) as tx:
        return [(one.place, one.kind) for one in await page(tx, ACCOUNT, after=after, kinds=CHOICES, limit=10)]


async def test_a_stream_begins_when_it_is_opened_and_is_read_in_order(db: Database) -> None:
    await announce(db, happened(1))
    bounds = await _open(db)
    assert bounds.since == bounds.last
    await announce(db, happened(2), happened(3, kind=EventKind.HELD))
    assert await _read(db, bounds.last) == []  # not placed yet
    streams = Streams()
    assert await streams.place(db)
    assert not await streams.place(db)
    first, second = await _read(db, bounds.last)
    assert [first[1], second[1]] == [EventKind.RECEIVED, EventKind.HELD]
    assert await _read(db, first[0] or 0) == [second]
    assert await _read(db, bounds.last, TenantId("tn_two")) == []
    assert (await _open(db)).last == second[0]


async def test_a_transaction_that_commits_late_is_passed_over_by_no_cursor(db: Database) -> None:
    """The earlier event commits after the later one was read: it gets the later place."""
    bounds = await _open(db)
    streams = Streams()
    async with db.transaction(TENANT) as slow:
        store.announce(slow, [happened(1)], hint=False)
        await slow.run("select 1")  # it is written, and not committed
        await announce(db, happened(2))
        await streams.place(db)
        [(place, _)] = await _read(db, bounds.last)
    await streams.place(db)
    assert len(await _read(db, place or 0)) == 1


async def test_only_the_readers_of_that_account_are_woken(db: Database) -> None:
    await _open(db)
    streams = Streams()
    other = AccountId(8)
    with streams.reading(TENANT, ACCOUNT) as ours, streams.reading(TENANT, other) as theirs:
        await announce(db, happened())
        await streams.place(db)
        assert (ours.is_set(), theirs.is_set()) == (True, False)
        streams.close()
        assert theirs.is_set()


async def test_there_is_an_end_to_how_many_read_along() -> None:
    streams = Streams()
    with ExitStack() as readers:
        for _ in range(READERS_PER_ACCOUNT_MAX):
            readers.enter_context(streams.reading(TENANT, ACCOUNT))
        with pytest.raises(TooManyReadersError), streams.reading(TENANT, ACCOUNT):
            pass
        with streams.reading(TENANT, AccountId(8)):
            pass
    with streams.reading(TENANT, ACCOUNT):
        pass
    streams.close()
    with pytest.raises(TooManyReadersError), streams.reading(TENANT, AccountId(8)):
        pass


async def test_what_nobody_can_read_is_passed_over(db: Database, owner_dsn: str) -> None:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, KEPT)
        assert b"The meeting" in (await said(tx, happened(1)) or b"")
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        flip = "update email set sealed = set_byte(sealed, 40, 255 - get_byte(sealed, 40)) where id = %s"
        assert owner.execute(flip, [KEPT.id]).rowcount == 1
    async with db.transaction(TENANT) as tx:
        assert await said(tx, happened(1)) is None
