import json
from datetime import timedelta
from pathlib import Path

import mailbuttons
import pytest
import standardwebhooks

from act.scene import register
from gatepost import act
from gatepost.act import EventKind, store
from gatepost.act.paper import Health
from gatepost.act.registry import WEBHOOKS_MAX, signers
from gatepost.db import Database
from gatepost.ids import AccountId
from gatepost.journey import House
from outbound import ACCOUNT, NOW, TENANT, Hands, consequences, house, http_receiver


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def standing(db: Database, tmp_path: Path, clock: Hands) -> House:
    return house(db, tmp_path, clock)


async def test_the_secret_is_shown_once_and_lies_wrapped(standing: House) -> None:
    hook, secret = await register(standing, "https://agent.example/hook")
    assert (len(secret), len(bytes.fromhex(secret))) == (64, 32)
    async with standing.db.transaction(TENANT) as tx:
        assert await act.list_all(tx, ACCOUNT) == [hook]
        assert await act.list_all(tx, AccountId(8)) == []
        endpoint = await act.find(tx, standing, ACCOUNT, hook.id)
        with pytest.raises(LookupError):
            await act.find(tx, standing, AccountId(8), hook.id)
    assert secret.encode() not in endpoint.secrets.secret
    assert signers(standing.keyring, endpoint).secrets == (secret,)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense"])
async def test_no_webhook_may_point_into_a_file(standing: House, url: str) -> None:
    with pytest.raises(act.WebhookError, match="http"):
        await register(standing, url)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://ann:secret@hooks.example/", "no password"),
        ("http://hooks.example/#here", "no fragment"),
        ("http://0x7f.1/", "host must be a name"),
        ("http://hooks.example:99999/", "cannot be read|must be absolute"),
    ],
)
async def test_what_is_wrong_with_a_url_is_said_without_quoting_it(standing: House, url: str, fault: str) -> None:
    with pytest.raises(act.WebhookError, match=fault) as refused:
        await register(standing, url)
    assert "secret" not in str(refused.value)


async def test_there_is_an_end_to_how_many_a_mailbox_has(standing: House) -> None:
    for _ in range(WEBHOOKS_MAX):
        await register(standing, "http://127.0.0.1:9/")
    with pytest.raises(act.WebhookError, match="at most"):
        await register(standing, "http://127.0.0.1:9/")


async def test_a_replaced_secret_signs_beside_the_new_one_until_it_retires(standing: House, clock: Hands) -> None:
    hook, old = await register(standing, "http://127.0.0.1:9/")
    async with standing.db.transaction(TENANT) as tx:
        made = await act.rotate(tx, standing, ACCOUNT, hook.id, overlap=timedelta(hours=1), actor="ky_x")
        endpoint = await act.find(tx, standing, ACCOUNT, hook.id)
        assert signers(standing.keyring, endpoint).secrets == (old, made.secret)
    clock.move(timedelta(hours=1))
    async with standing.db.transaction(TENANT) as tx:
        endpoint = await act.find(tx, standing, ACCOUNT, hook.id)
    found = signers(standing.keyring, endpoint)
    assert found.secrets == (made.secret,)
    assert found.seed is not None
    assert act.public_key(found.seed) == made.public_key


async def test_a_test_is_signed_told_at_once_and_recorded(standing: House) -> None:
    async with http_receiver("202 Accepted") as receiver:
        hook, secret = await register(standing, receiver.url)
        answer = await act.test(standing, TENANT, ACCOUNT, hook.id, actor="ky_x")
    assert (answer.is_done, answer.status_code) == (True, 202)
    [(headers, body)] = receiver.requests
    assert mailbuttons.verify_webhook(body, headers["x-mailbuttons-signature"], secret)
    assert json.loads(body)["event"] == EventKind.TEST
    assert [action for _, action in await consequences(standing.db)] == ["webhook.add", "webhook.test"]
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError, match=r"too (old|new)"):
        standardwebhooks.Webhook(act.standard_secret(secret)).verify(body, headers)  # signed for NOW, which is not now
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))


async def test_a_paused_endpoint_goes_on_when_it_is_told_to(standing: House) -> None:
    hook, _ = await register(standing, "http://127.0.0.1:9/")
    async with standing.db.transaction(TENANT) as tx:
        paused = await act.change(tx, standing, ACCOUNT, hook.id, act.Changes(is_stopped=True), actor="ky_x")
        assert (paused.is_stopped, paused.stop_reason) == (True, "webhook.paused")
        with pytest.raises(act.WebhookError, match="stopped"):
            await act.replay(tx, standing, ACCOUNT, hook.id, act.Wanted(kinds=()), actor="ky_x")
        changes = act.Changes(is_stopped=False, url="http://127.0.0.1:8/", events=[EventKind.HELD, EventKind.HELD])
        going = await act.change(tx, standing, ACCOUNT, hook.id, changes, actor="ky_x")
        assert await act.list_all(tx, ACCOUNT) == [going]
        store.put_health(tx, hook.id, Health(failures=3, failing_since=NOW, due_at=NOW))
        await act.change(tx, standing, ACCOUNT, hook.id, act.Changes(events=[EventKind.SENT]), actor="ky_x")
        [other] = await act.list_all(tx, ACCOUNT)
        assert (other.events, other.health.failures) == ((EventKind.SENT,), 3)  # that says nothing of the receiver
        await act.change(tx, standing, ACCOUNT, hook.id, act.Changes(url=hook.url), actor="ky_x")
        [moved] = await act.list_all(tx, ACCOUNT)
        assert moved.health == Health()
    assert (going.is_stopped, going.url, going.events) == (False, "http://127.0.0.1:8/", (EventKind.HELD,))
