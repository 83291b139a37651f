from dataclasses import replace
from datetime import timedelta

from act.scene import announce, due, happened
from gatepost.act import store, stream_store
from gatepost.act.paper import Endpoint, EventKind, Health, Secrets, Webhook
from gatepost.act.retry import STRIKES
from gatepost.db import Database
from gatepost.ids import AccountId, TenantId, WebhookId
from outbound import ACCOUNT, NOW, TENANT

FIRST = Webhook(id=WebhookId("wh_a"), account=ACCOUNT, url="https://agent.example/a", created_at=NOW)
SECOND = replace(FIRST, id=WebhookId("wh_b"), url="https://agent.example/b", created_at=NOW + timedelta(seconds=1))
OTHER = AccountId(8)


async def _insert(db: Database, *hooks: Webhook) -> None:
    async with db.transaction(TENANT) as tx:
        for hook in hooks:
            await store.insert_webhook(tx, Endpoint(hook, Secrets(b"x", b"s")))


async def test_endpoints_come_back_oldest_first(db: Database) -> None:
    await _insert(db, SECOND, FIRST)
    async with db.transaction(TENANT) as tx:
        assert await store.webhooks(tx, ACCOUNT) == [FIRST, SECOND]
        assert await store.webhooks(tx, OTHER) == []
        assert await store.endpoint(tx, FIRST.id, NOW) == Endpoint(FIRST, Secrets(b"x", b"s"))


async def test_only_its_own_account_and_tenant_may_remove_one(db: Database) -> None:
    await _insert(db, FIRST)
    async with db.transaction(TENANT) as tx:
        assert not await store.delete_webhook(tx, OTHER, FIRST.id)
    async with db.transaction(TenantId("tn_two")) as tx:
        assert not await store.delete_webhook(tx, ACCOUNT, FIRST.id)
        assert await store.endpoint(tx, FIRST.id, NOW) is None
    async with db.transaction(TENANT) as tx:
        assert await store.delete_webhook(tx, ACCOUNT, FIRST.id)
        assert not await store.delete_webhook(tx, ACCOUNT, FIRST.id)


async def test_each_endpoint_is_promised_what_it_asked_for_once(db: Database) -> None:
    held = replace(SECOND, events=(EventKind.HELD,))
    stopped = replace(FIRST, id=WebhookId("wh_c"))
    await _insert(db, FIRST, held, stopped, replace(FIRST, id=WebhookId("wh_d"), account=OTHER))
    async with db.transaction(TENANT) as tx:
        store.stop_webhook(tx, stopped.id, reason="webhook.paused", at=NOW)
    await announce(db, happened(), happened(2, kind=EventKind.HELD))
    await announce(db, happened())
    assert [one.event for one in await due(db, FIRST.id)] == [happened()]
    assert [one.event.kind for one in await due(db, held.id)] == [EventKind.HELD]
    assert await due(db, stopped.id) == await due(db, WebhookId("wh_d")) == []


async def test_a_silent_endpoint_is_promised_everything_and_wakes_nobody(db: Database) -> None:
    """Ten thousand events for it cost the others a row each, and no look."""
    await _insert(db, FIRST)
    async with db.transaction(TENANT) as tx:
        await tx.run("update webhook set holder = 'me', leased_until = %(at)s", at=NOW)
    heard = []
    for failures in (STRIKES - 1, STRIKES):
        event = happened(failures, kind=EventKind.RECEIVED)
        async with db.transaction(TENANT) as tx:
            store.put_health(tx, FIRST.id, Health(failures=failures))
        async with db.transaction(TENANT) as tx:
            promised = store.announce(tx, [event], hint=False, holder="me")
        heard.append(len(store.fresh(promised, {event.id: event})))
    assert heard == [1, 0]
    assert len(await due(db, FIRST.id)) == 2


async def test_retired_secrets_sign_until_their_time(db: Database) -> None:
    await _insert(db, FIRST)
    until = NOW + timedelta(hours=1)
    async with db.transaction(TENANT) as tx:
        await store.replace_secret(tx, FIRST.id, Secrets(b"y", b"t"), retired=b"x", at=NOW, retires_at=until)
        found = await store.endpoint(tx, FIRST.id, NOW)
        assert found is not None
        assert found.secrets == Secrets(b"y", b"t", (b"x",))
        later = await store.endpoint(tx, FIRST.id, until)
        assert later is not None
        assert later.secrets.retired == ()
        await store.replace_secret(tx, FIRST.id, Secrets(b"z", b"u"), retired=b"y", at=NOW, retires_at=NOW)
        found = await store.endpoint(tx, FIRST.id, NOW)
        assert found is not None
        assert found.secrets == Secrets(b"z", b"u")


async def test_how_an_endpoint_fares_is_remembered_whatever_else_changes(db: Database) -> None:
    await _insert(db, FIRST)
    health = Health(failures=3, failing_since=NOW, due_at=NOW + timedelta(seconds=5))
    async with db.transaction(TENANT) as tx:
        store.put_health(tx, FIRST.id, health)
        assert await store.health_of(tx, [FIRST.id]) == {FIRST.id: (ACCOUNT, health)}
        await store.change_webhook(tx, replace(FIRST, events=(EventKind.SENT,)))
        assert await store.webhooks(tx, ACCOUNT) == [replace(FIRST, events=(EventKind.SENT,), health=health)]


async def test_one_process_alone_tells_an_endpoint(db: Database) -> None:
    await _insert(db, FIRST, SECOND)
    await announce(db, happened())
    until = NOW + timedelta(seconds=15)
    ours = [(TENANT, FIRST.id), (TENANT, SECOND.id)]
    assert sorted(await store.take(db, "me", at=NOW, until=until)) == ours
    assert sorted(await store.take(db, "me", at=NOW, until=until)) == ours
    assert await store.take(db, "you", at=NOW, until=until) == []
    await store.renew(db, "me", until + timedelta(seconds=15))
    assert await store.take(db, "you", at=until, until=until) == []
    await store.leave(db, "me")
    assert sorted(await store.take(db, "you", at=NOW, until=until)) == ours


async def test_an_endpoint_with_nothing_due_or_at_rest_is_not_taken(db: Database) -> None:
    await _insert(db, FIRST)
    until = NOW + timedelta(seconds=15)
    assert await store.take(db, "me", at=NOW, until=until) == []
    await announce(db, happened())
    async with db.transaction(TENANT) as tx:
        store.put_health(tx, FIRST.id, Health(failures=3, failing_since=NOW, due_at=until))
    assert await store.take(db, "me", at=NOW, until=until) == []
    assert await store.take(db, "me", at=until, until=until) == [(TENANT, FIRST.id)]


async def test_accounts_are_listened_to_by_their_endpoints_and_by_readers_of_their_stream(db: Database) -> None:
    """A stopped endpoint listens too: what it missed is kept for it."""
    await _insert(db, FIRST)
    async with db.transaction(TENANT) as tx:
        store.stop_webhook(tx, FIRST.id, reason="webhook.paused", at=NOW)
        await stream_store.open_stream(tx, OTHER, NOW)
    async with db.transaction(TENANT) as tx:
        assert await store.listening(tx) == {ACCOUNT, OTHER}
    async with db.transaction(TenantId("tn_two")) as tx:
        assert await store.listening(tx) == frozenset()
