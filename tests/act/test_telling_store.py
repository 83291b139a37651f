from datetime import timedelta

import pytest

from act.scene import announce, due, happened, register, stands
from gatepost.act import EventKind, State, telling_store
from gatepost.act.paper import Attempt
from gatepost.act.telling_store import Ending, Filter, Wanted
from gatepost.db import Database
from gatepost.ids import TenantId, WebhookId
from gatepost.journey import House
from outbound import ACCOUNT, NOW, TENANT, Hands, house


@pytest.fixture
def standing(db: Database, tmp_path: object) -> House:
    return house(db, tmp_path, Hands())  # type: ignore[arg-type]  # pytest's own path


@pytest.fixture
async def hook(standing: House) -> WebhookId:
    made, _ = await register(standing, "http://127.0.0.1:9/", (EventKind.RECEIVED, EventKind.HELD))
    return made.id


async def _end(db: Database, hook: WebhookId, state: State) -> None:
    async with db.transaction(TENANT) as tx:
        for one in await telling_store.due(tx, hook, at=NOW, busy=(), limit=100):
            told = type(one)(webhook=one.webhook, event=one.event, state=state, attempts=1, number=one.number)
            attempt = Attempt(NOW, 500, "receiver.refused", 3)
            telling_store.settle(tx, [Ending(telling=told, attempt=attempt, due_at=None)])


async def test_the_first_of_each_lane_is_due_and_none_of_a_busy_one(db: Database, hook: WebhookId) -> None:
    await announce(db, happened(1, lane="a"), happened(2, lane="a"), happened(3, lane="b"), happened(4, lane="c"))
    assert [one.event.lane for one in await due(db, hook)] == ["a", "b", "c"]
    assert [one.event.lane for one in await due(db, hook, busy=["b"])] == ["a", "c"]
    assert await due(db, hook, NOW - timedelta(seconds=1)) == []


async def test_events_are_replayed_by_id_by_time_or_because_they_are_dead(db: Database, hook: WebhookId) -> None:
    later = NOW + timedelta(hours=1)
    await announce(db, happened(1), happened(2, at=NOW - timedelta(hours=1)), happened(3, kind=EventKind.HELD))
    await _end(db, hook, State.DELIVERED)
    await announce(db, happened(4, at=NOW - timedelta(minutes=1)))
    await _end(db, hook, State.DEAD)
    every = (EventKind.RECEIVED, EventKind.HELD)

    async def replayed(wanted: Wanted) -> int:
        async with db.transaction(TENANT) as tx:
            return await telling_store.replay(tx, hook, ACCOUNT, wanted, later)

    assert await replayed(Wanted(kinds=every, events=[happened(1).id])) == 1
    assert [one.event.id for one in await due(db, hook, later)] == [happened(1).id]
    assert await replayed(Wanted(kinds=every, only_dead=True)) == 1
    assert await replayed(Wanted(kinds=every, since=NOW)) == 2
    assert await replayed(Wanted(kinds=(EventKind.RECEIVED,), until=NOW)) == 2
    assert await replayed(Wanted(kinds=every, events=["ev_nobody"])) == 0  # type: ignore[list-item]  # a stranger's word


async def test_the_log_shows_what_was_asked_newest_first(db: Database, hook: WebhookId) -> None:
    await announce(db, happened(1), happened(2), happened(3, kind=EventKind.HELD))
    await _end(db, hook, State.DEAD)
    await announce(db, happened(4))
    every = await stands(db, hook)
    async with db.transaction(TENANT) as tx:
        dead = await telling_store.logged(tx, hook, Filter(limit=10, state=State.DEAD))
        assert dead == every[2::-1]
        one = await telling_store.logged(tx, hook, Filter(limit=10, event=happened(2).id))
        assert [each.telling.event for each in one] == [happened(2)]
        assert await telling_store.logged(tx, hook, Filter(limit=1, before=every[1].telling.number)) == [every[0]]
        assert len(await telling_store.logged(tx, hook, Filter(limit=10, email=happened().email))) == 3
    assert [each.status_code for each in every[0].attempts] == [500]


async def test_another_tenant_sees_and_forgets_nothing(db: Database, hook: WebhookId) -> None:
    await announce(db, happened())
    late = NOW + timedelta(days=99)
    async with db.transaction(TenantId("tn_two")) as tx:
        assert await telling_store.logged(tx, hook, Filter(limit=9)) == []
        assert await telling_store.forget(tx, before=late, unread_since=late) == 0
    assert await telling_store.tenants(db) == [TENANT]
