import re

import pytest

from doors.rest.scene import Tenancy, calls, leaves
from gatepost.doors import rest
from gatepost.journey import House


async def test_an_endpoint_is_registered_listed_and_removed(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/webhooks"
    async with calls(rest.build(house), ours.owner) as client:
        made = await client.post(path, json={"url": "http://127.0.0.1:9000/mail"})
        assert made.status_code == 201
        hook = made.json()
        assert re.fullmatch(r"[0-9a-f]{64}", hook["secret"])
        listed = (await client.get(path)).json()["items"]
        assert listed == [{name: hook[name] for name in ("id", "mailbox_id", "url", "created_at")}]
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
