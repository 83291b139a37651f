import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, leaves, set_policy, write
from gatepost import act
from gatepost.act import store
from gatepost.doors import rest
from gatepost.egress import Egress, Register, Rule
from gatepost.ids import WebhookId
from gatepost.journey import House
from outbound import Receiver, http_receiver
from talkers import talking
from ways import anywhere, way_out


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


CLOSED = {
    "169.254.169.254": Rule.METADATA,
    "[fd00:ec2::254]": Rule.METADATA,
    "[::ffff:169.254.169.254]": Rule.METADATA,
    "[64:ff9b::a9fe:a9fe]": Rule.METADATA,
    "169\u3002254\u3002169\u3002254": Rule.METADATA,
    "0.0.0.0": Rule.UNSPECIFIED,  # noqa: S104  # to be refused, not bound
    "[fe80::1%25eth0]": Rule.LINK_LOCAL,
    "10.0.0.1": Rule.PRIVATE,
    "localhost.": Rule.LOOPBACK,
}


@pytest.mark.parametrize("host", CLOSED)
async def test_an_address_nobody_may_connect_to_is_refused_when_it_is_written_down(
    house: House, ours: Tenancy, host: str
) -> None:
    shut = replace(house, egress=way_out(private=False))
    path = f"/api/v1/mailboxes/{ours.account}/webhooks"
    async with calls(rest.build(shut), ours.owner) as client:
        made = await client.post(path, json={"url": f"https://{host}/secret-path"})
        kept = (await client.post(path, json={"url": "https://agent.example/"})).json()
        changed = await client.patch(f"{path}/{kept['id']}", json={"url": f"https://{host}/secret-path"})
        assert len((await client.get(path)).json()["items"]) == 1
    for refused in (made, changed):
        said = refused.json()
        assert (refused.status_code, said["type"]) == (422, "/api/problems/destination.closed")
        assert said["errors"] == [CLOSED[host].value]
        assert "egress.allow_private" in said["detail"]
        assert "secret-path" not in refused.text
    refs = {what.ref: (what.rule, times.count) for what, times in shut.egress.take().refused.items()}
    assert refs == {str(ours.account): (CLOSED[host], 1), kept["id"]: (CLOSED[host], 1)}


@pytest.mark.parametrize("host", ["0xa9fea9fe", "2852039166", "169.254.43518", "exa mple.com"])
async def test_a_host_that_readers_understand_in_different_ways_is_refused_at_once(
    house: House, ours: Tenancy, host: str
) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        made = await client.post(f"/api/v1/mailboxes/{ours.account}/webhooks", json={"url": f"https://{host}/"})
    assert (made.status_code, made.json()["type"]) == (422, "/api/problems/webhook.invalid")


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "10.1.2.3",
        "localhost",
    ],
)
async def test_the_test_button_leads_nowhere_inside(house: House, ours: Tenancy, host: str) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/webhooks"
    shut = replace(house, egress=way_out(private=False))
    async with calls(rest.build(shut), ours.owner) as client:
        made = (await client.post(path, json={"url": "https://agent.example/"})).json()
        async with house.db.transaction(ours.tenant) as tx:  # as an earlier release would have registered it
            kept = await act.find(tx, shut, ours.account, WebhookId(made["id"]))
            await store.change_webhook(tx, replace(kept.webhook, url=f"https://{host}/latest/meta-data/"))
        said = (await client.post(f"{path}/{made['id']}/test")).json()
    assert (said["is_accepted"], said["status_code"]) == (False, 0)
    assert said["reason"] in {"egress.refused", "receiver.unreachable"}  # the latter: it is no address at all


async def test_a_name_that_changes_its_address_between_two_looks_leads_nowhere_inside(
    house: House, ours: Tenancy
) -> None:
    """DNS rebinding at the test button: 127.0.0.1 plays the open network here, 127.0.0.2 what lies inside."""
    asked = 0

    async def resolve(_: str) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["127.0.0.1"] if asked % 2 else ["127.0.0.2"]

    path = f"/api/v1/mailboxes/{ours.account}/webhooks"
    outside, inside = Receiver(["200 OK"]), Receiver(["200 OK"])
    async with talking(outside.serve) as port, talking(inside.serve, "127.0.0.2", port):
        open_ones = (ip_network("127.0.0.1/32"),)
        egress = Egress(Register(anywhere(is_clear=True), allow_private=open_ones), resolve, house.clock)
        async with calls(rest.build(replace(house, egress=egress)), ours.owner) as client:
            made = (await client.post(path, json={"url": f"http://rebinding.example:{port}/"})).json()
            said = [(await client.post(f"{path}/{made['id']}/test")).json()["reason"] for _ in range(6)]
    assert said == ["receiver.accepted", "egress.refused"] * 3
    assert (len(outside.requests), inside.requests, asked) == (3, [], 6)
