from datetime import timedelta

from act.scene import announce, due, happened, register
from gatepost import act
from gatepost.act import EventKind, State, store, telling_store
from gatepost.act.paper import Attempt, Health
from gatepost.act.retry import STRIKES
from gatepost.act.telling_store import Ending
from gatepost.db import Database
from outbound import NOW, TENANT, Hands
from outbound import house as built


async def test_what_waits_and_what_was_given_up_is_counted_but_for_what_was_erased(
    db: Database, tmp_path: object
) -> None:
    house = built(db, tmp_path, Hands())  # type: ignore[arg-type]  # pytest's own path
    assert await act.behind(db) == act.Behind(waiting=0, oldest=None, dead=0, silent=0, silent_since=None)
    first, _ = await register(house, "http://127.0.0.1:9/")
    await register(house, "http://127.0.0.1:10/", (EventKind.HELD,))
    await announce(db, happened(1), happened(2), happened(3, kind=EventKind.HELD, at=NOW - timedelta(hours=2)))
    now = await act.behind(db)
    assert (now.waiting, now.oldest, now.dead) == (3, NOW - timedelta(hours=2), 0)
    async with db.transaction(TENANT) as tx:
        for one, reason in zip(await due(db, first.id), ("receiver.refused", "email.erased"), strict=True):
            told = type(one)(webhook=one.webhook, event=one.event, state=State.DEAD, attempts=1, number=one.number)
            telling_store.settle(tx, [Ending(telling=told, attempt=Attempt(NOW, 0, reason, 3), due_at=None)])
    now = await act.behind(db)
    assert (now.waiting, now.dead) == (1, 1)


async def test_an_endpoint_is_silent_until_it_is_heard_and_not_while_its_owner_paused_it(
    db: Database, tmp_path: object
) -> None:
    house = built(db, tmp_path, Hands())  # type: ignore[arg-type]  # as above
    hooks = [(await register(house, f"http://127.0.0.1:{port}/"))[0] for port in (1, 2, 3, 4)]
    failing = [NOW - timedelta(hours=hours) for hours in (1, 4, 2, 3)]
    async with db.transaction(TENANT) as tx:
        for hook, since in zip(hooks, failing, strict=True):
            store.put_health(tx, hook.id, Health(failures=STRIKES, failing_since=since))
        store.put_health(tx, hooks[0].id, Health(failures=STRIKES - 1, failing_since=NOW - timedelta(days=1)))
    found = await act.silent(db, 10)
    assert [each.webhook for each in found] == [hooks[1].id, hooks[3].id, hooks[2].id]
    assert found[0] == act.Silent(tenant=TENANT, webhook=hooks[1].id, since=failing[1], is_stopped=False)
    assert await act.silent(db, 1) == found[:1]
    now = await act.behind(db)
    assert (now.silent, now.silent_since) == (3, failing[1])
    async with db.transaction(TENANT) as tx:
        await act.change(tx, house, hooks[1].account, hooks[1].id, act.Changes(is_stopped=True), actor="one")
        store.stop_webhook(tx, hooks[3].id, reason="webhook.unheard", at=NOW)
        store.put_health(tx, hooks[2].id, Health())
    assert [(each.webhook, each.is_stopped) for each in await act.silent(db, 10)] == [(hooks[3].id, True)]
