import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import mailbuttons
import pytest

import singly
from gatepost import act
from gatepost.act import store
from gatepost.act.paper import Delivery, State, Webhook
from gatepost.act.retry import WAITS_S
from gatepost.act.tell import WAKE, WEBHOOK
from gatepost.act.webhook import event_id
from gatepost.db import Database
from gatepost.ids import AccountId, EmailId
from gatepost.jobs import Promise, TryAgainError
from gatepost.journey import House
from outbound import ACCOUNT, KEPT, NOW, TENANT, Hands, Receiver, consequences, entropy, house, http_receiver, job

WAKENED = job(act.wake(KEPT.id, KEPT.thread))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with http_receiver() as running:
        yield running


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
async def standing(db: Database, tmp_path: Path, clock: Hands) -> House:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, KEPT)
    return house(db, tmp_path, clock)


async def _register(standing: House, url: str) -> tuple[Webhook, str]:
    async with standing.db.transaction(TENANT) as tx:
        return await act.add_webhook(tx, ACCOUNT, url, keyring=standing.keyring, at=NOW, entropy=entropy)


async def _promised(standing: House) -> list[str]:
    async with standing.db.transaction(TENANT) as tx:
        rows = await tx.all("select key from job where tenant = %(tenant)s and kind = %(kind)s", kind=WEBHOOK)
    return [row.key for row in rows]


async def _tell(standing: House, webhook: Webhook) -> None:
    promise = Promise(WEBHOOK, f"{KEPT.id} {webhook.id}", {"email": KEPT.id, "webhook": webhook.id})
    await act.handlers(standing)[WEBHOOK](job(promise))


async def _stands(standing: House, webhook: Webhook) -> Delivery:
    async with standing.db.transaction(TENANT) as tx:
        found = await store.delivery(tx, KEPT.id, webhook.id)
    assert found is not None
    return found


async def _wake(standing: House) -> None:
    await act.handlers(standing)[WAKE](WAKENED)


async def test_each_webhook_of_the_account_is_promised_its_event_once(standing: House, receiver: Receiver) -> None:
    one, _ = await _register(standing, receiver.url)
    two, _ = await _register(standing, receiver.url)
    await _wake(standing)
    await _wake(standing)
    assert sorted(await _promised(standing)) == sorted(f"{KEPT.id} {hook.id}" for hook in (one, two))


async def test_an_account_without_webhooks_is_told_nothing(standing: House) -> None:
    await _wake(standing)
    await act.handlers(standing)[WAKE](job(act.wake(EmailId("em_unknown"), KEPT.thread)))
    assert await _promised(standing) == []


async def test_the_receiver_can_prove_who_spoke(standing: House, receiver: Receiver) -> None:
    webhook, secret = await _register(standing, receiver.url)
    await _wake(standing)
    await _tell(standing, webhook)
    [(headers, body)] = receiver.requests
    assert mailbuttons.verify_webhook(body, headers["x-mailbuttons-signature"], secret)
    assert json.loads(body)["data"]["email_id"] == KEPT.id
    assert headers["webhook-id"] == event_id(KEPT.id, webhook.id)
    assert (await _stands(standing, webhook)).state is State.DELIVERED
    assert await consequences(standing.db) == [(KEPT.id, "webhook.delivered")]


async def test_what_was_heard_is_never_said_again(standing: House, receiver: Receiver) -> None:
    webhook, _ = await _register(standing, receiver.url)
    await _wake(standing)
    await _tell(standing, webhook)
    await _tell(standing, webhook)
    assert len(receiver.requests) == 1
    assert await consequences(standing.db) == [(KEPT.id, "webhook.delivered")]


async def test_a_receiver_that_was_down_hears_the_same_event(standing: House, receiver: Receiver, clock: Hands) -> None:
    receiver.answers = ["503 Down", "503 Down", "200 OK"]
    webhook, _ = await _register(standing, receiver.url)
    await _wake(standing)
    for wait in WAITS_S[:2]:
        with pytest.raises(TryAgainError) as caught:
            await _tell(standing, webhook)
        assert caught.value.at == clock.now + timedelta(seconds=wait)
        clock.now = caught.value.at
    await _tell(standing, webhook)
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1
    assert len({body for _, body in receiver.requests}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.requests}) == 3
    assert await _stands(standing, webhook) == Delivery(
        email=KEPT.id, webhook=webhook.id, state=State.DELIVERED, attempts=3
    )
    assert await consequences(standing.db) == [(KEPT.id, "webhook.delivered")]


async def test_a_receiver_that_is_gone_is_not_asked_again(standing: House, receiver: Receiver) -> None:
    receiver.answers = ["410 Gone"]
    webhook, _ = await _register(standing, receiver.url)
    await _wake(standing)
    await _tell(standing, webhook)
    assert (await _stands(standing, webhook)).state is State.DEAD
    assert await consequences(standing.db) == [(KEPT.id, "webhook.dead")]


async def test_a_receiver_that_never_listens_is_given_up(standing: House, receiver: Receiver) -> None:
    receiver.answers = ["500 No"]
    webhook, _ = await _register(standing, receiver.url)
    await _wake(standing)
    for _ in WAITS_S:
        with pytest.raises(TryAgainError):
            await _tell(standing, webhook)
    await _tell(standing, webhook)
    assert (await _stands(standing, webhook)).state is State.DEAD


async def test_what_waited_for_a_removed_webhook_is_given_up(standing: House, receiver: Receiver) -> None:
    webhook, _ = await _register(standing, receiver.url)
    await _wake(standing)
    async with standing.db.transaction(TENANT) as tx:
        assert await act.remove_webhook(tx, ACCOUNT, webhook.id)
    await _tell(standing, webhook)
    assert (receiver.requests, (await _stands(standing, webhook)).state) == ([], State.DEAD)


async def test_the_secret_is_shown_once_and_lies_wrapped(standing: House) -> None:
    webhook, secret = await _register(standing, "https://agent.example/hook")
    assert (len(secret), len(bytes.fromhex(secret))) == (64, 32)
    async with standing.db.transaction(TENANT) as tx:
        assert await act.list_webhooks(tx, ACCOUNT) == [webhook]
        assert await act.list_webhooks(tx, AccountId(8)) == []
        endpoint = await store.endpoint(tx, webhook.id)
    assert endpoint is not None
    assert secret.encode() not in endpoint.wrapped_secret


async def test_no_webhook_may_point_into_a_file(standing: House) -> None:
    with pytest.raises(ValueError, match="http"):
        await _register(standing, "file:///etc/passwd")
