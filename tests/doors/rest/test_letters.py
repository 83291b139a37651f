"""Writing to somebody over REST."""

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, set_policy
from gatepost.doors import rest
from gatepost.journey import House

LETTER = {"to": ["ann@customer.example"], "subject": "Your order", "text_body": "It left today."}


async def test_only_whom_the_policy_names_is_written_to(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/messages"
    async with calls(rest.build(house), ours.agent) as client:
        closed = await client.post(path, json=LETTER)
        await set_policy(house, ours, {**POLICY, "outbound": {"recipients": {"domains": ["customer.example"]}}})
        sent = await client.post(path, json=LETTER)
        again = await client.post(path, json=LETTER)
        other = await client.post(path, json={**LETTER, "to": ["eve@evil.example"]})
    assert (closed.status_code, closed.json()["errors"]) == (422, ["reply.unknown_parent"])
    assert (sent.status_code, sent.json()["is_repeat"]) == (200, False)
    assert again.json() == {**sent.json(), "is_repeat": True}
    assert (other.status_code, other.json()["errors"]) == (422, ["reply.unknown_parent"])


async def test_a_key_stands_for_one_letter(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/messages"
    await set_policy(house, ours, {**POLICY, "outbound": {"recipients": {"domains": ["customer.example"]}}})
    async with calls(rest.build(house), ours.agent) as client:
        headers = {"Idempotency-Key": "k"}
        assert (await client.post(path, json=LETTER, headers=headers)).status_code == 200
        other = await client.post(path, json={**LETTER, "text_body": "No."}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/api/problems/key.reused")


@pytest.mark.parametrize("to", [[], ["nobody"], ["a@b.example\r\nBcc: eve@evil.example"], ["a@b.example"] * 51])
async def test_who_is_nobody_cannot_be_written_to(house: House, ours: Tenancy, to: list[str]) -> None:
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.post(f"/api/v1/mailboxes/{ours.account}/messages", json={**LETTER, "to": to})
    assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/request.invalid")
