import asyncio
import re

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, leaves, set_policy, write
from gatepost import act
from gatepost.doors import rest
from gatepost.journey import House
from outbound import Receiver, http_receiver


async def test_an_endpoint_is_registered_listed_and_removed(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/webhooks"
    async with calls(rest.build(house), ours.owner) as client:
        made = await client.post(path, json={"url": "http://127.0.0.1:9000/mail"})
        assert made.status_code == 201
        hook = made.json()
        assert re.fullmatch(r"[0-9a-f]{64}", hook["secret"])
        listed = (await client.get(path)).json()["items"]
        assert listed == [
            {name: hook[name] for name in hook if name not in {"secret", "standard_secret", "public_key"}}
        ]
        assert (listed[0]["state"], listed[0]["events"]) == ("working", ["email.received"])
        assert (await client.delete(f"{path}/{hook['id']}")).status_code == 204
        assert (await client.get(path)).json()["items"] == []
        assert (await client.delete(f"{path}/{hook['id']}")).status_code == 404


async def test_the_secret_is_shown_once_and_stands_in_no_record(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/webhooks"
    async with calls(rest.build(house), ours.owner) as client:
        hook = (await client.post(path, json={"url": "http://127.0.0.1:9000/private-path"})).json()
        assert hook["secret"] not in (await client.get(path)).text
        await client.delete(f"{path}/{hook['id']}")
    told = await leaves(house, ours)
    assert [leaf["action"] for leaf in told] == ["webhook.add", "webhook.remove"]
    assert hook["secret"] not in str(told)
    assert "private-path" not in str(told)


@pytest.mark.parametrize(
    "url", ["", "agent.test/hook", "ftp://agent.test/", "javascript:alert(1)", "http://", "http://a\x00"]
)
async def test_what_is_no_http_url_is_refused(house: House, ours: Tenancy, url: str) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        answer = await client.post(f"/api/v1/mailboxes/{ours.account}/webhooks", json={"url": url})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert await leaves(house, ours) == []


async def _told(house: House, receiver: Receiver, count: int) -> None:
    """Tell what is due, until the receiver has heard that often."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group, asyncio.timeout(20):
        group.create_task(act.Herald(house).run(stop))
        while len(receiver.requests) < count:  # noqa: ASYNC110  # it is told over a socket
            await asyncio.sleep(0.01)
        stop.set()


async def test_what_was_told_stands_in_the_log_and_is_told_again(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    path = f"/api/v1/mailboxes/{ours.account}/webhooks"
    async with http_receiver() as receiver, calls(rest.build(house), ours.owner) as client:
        hook = (await client.post(path, json={"url": receiver.url})).json()["id"]
        done = await write(house, ours)
        await _told(house, receiver, 1)
        log = f"{path}/{hook}/deliveries"
        [told] = (await client.get(log, params={"state": "delivered"})).json()["items"]
        assert (told["message_id"], told["event"]) == (done.recorded.arrived.email, "email.received")
        assert [each["status_code"] for each in told["attempts"]] == [200]
        [entry] = [leaf for leaf in await leaves(house, ours) if leaf["action"] == "webhook.delivered"]
        assert (entry["seq"], entry["detail"]["event"]) == (told["entry_id"], told["event_id"])  # type: ignore[index]  # JSON
        again = await client.post(f"{path}/{hook}/replay", json={"event_ids": [told["event_id"]]})
        assert again.json() == {"count": 1}
        await _told(house, receiver, 2)
        assert (await client.post(f"{path}/{hook}/test")).json()["is_accepted"]
        assert (await client.get(log, params={"event_id": "ev_none"})).json() == {"items": [], "next_cursor": None}
    assert len({headers["webhook-id"] for headers, _ in receiver.requests[:2]}) == 1


async def test_an_endpoint_is_paused_changed_rotated_and_set_going(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/webhooks"
    async with calls(rest.build(house), ours.owner) as client:
        made = (await client.post(path, json={"url": "http://127.0.0.1:9/"})).json()
        one = f"{path}/{made['id']}"
        paused = (await client.patch(one, json={"is_stopped": True})).json()
        assert (paused["state"], paused["reason"]) == ("stopped", "webhook.paused")
        refused = await client.post(f"{one}/replay", json={})
        assert (refused.status_code, refused.json()["type"]) == (422, "/api/problems/webhook.invalid")
        going = (await client.patch(one, json={"is_stopped": False, "events": ["email.held"]})).json()
        assert (going["state"], going["events"]) == ("working", ["email.held"])
        assert (await client.get(one)).json() == going
        rotated = (await client.post(f"{one}/rotate", json={"overlap_s": 0})).json()
        assert rotated["secret"] != made["secret"]
        assert rotated["public_key"].startswith("whpk_")
        assert (await client.post(f"{one}/test")).json()["reason"] == "receiver.unreachable"
