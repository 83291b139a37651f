"""Writing to somebody over REST."""

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, set_policy
from gatepost import domains
from gatepost.doors import rest
from gatepost.journey import House

LETTER = {"to": ["ann@customer.example"], "subject": "Your order", "text_body": "It left today."}
OPEN: dict[str, object] = {
    **POLICY,
    "outbound": {"recipients": {"domains": ["customer.example", "inside.test"]}},
    "onItsOwn": ["send_external"],
}


async def test_only_whom_the_policy_names_is_written_to(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/messages"
    async with calls(rest.build(house), ours.agent) as client:
        await set_policy(house, ours, {**POLICY, "onItsOwn": ["send_external"]})
        closed = await client.post(path, json=LETTER)
        await set_policy(house, ours, OPEN)
        sent = await client.post(path, json=LETTER)
        again = await client.post(path, json=LETTER)
        other = await client.post(path, json={**LETTER, "to": ["eve@evil.example"]})
    assert (closed.status_code, closed.json()["errors"]) == (422, ["reply.unknown_parent"])
    assert (sent.status_code, sent.json()["is_repeat"]) == (200, False)
    assert again.json() == {**sent.json(), "is_repeat": True}
    assert (other.status_code, other.json()["errors"]) == (422, ["reply.unknown_parent"])


async def test_a_key_stands_for_one_letter(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/messages"
    await set_policy(house, ours, OPEN)
    async with calls(rest.build(house), ours.agent) as client:
        headers = {"Idempotency-Key": "k"}
        assert (await client.post(path, json=LETTER, headers=headers)).status_code == 200
        other = await client.post(path, json={**LETTER, "text_body": "No."}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/api/problems/key.reused")


async def test_the_tenants_own_domains_are_inside_and_all_others_outside(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/messages"
    await set_policy(house, ours, OPEN)
    async with house.db.transaction(ours.tenant) as tx:
        at = house.clock()
        postmaster = ours.account
        await domains.add_domain(
            tx, "inside.test", postmaster=postmaster, keyring=house.keyring, at=at, entropy=house.entropy
        )
    inside = {**LETTER, "to": ["desk@inside.test"]}
    both = {**LETTER, "to": ["desk@inside.test", *LETTER["to"]]}
    async with calls(rest.build(house), ours.agent) as client:
        for letter in (inside, both):
            refused = await client.post(path, json=letter)
            assert (refused.status_code, refused.json()["errors"]) == (
                403,
                ["capability.not_granted", "send", "onItsOwn of policy version 1"],
            )
        await set_policy(house, ours, {**OPEN, "onItsOwn": ["send", "send_external"]})
        assert [(await client.post(path, json=letter)).status_code for letter in (inside, both)] == [200, 200]
    async with calls(rest.build(house), ours.owner) as person:
        assert (await person.post(path, json={**both, "subject": "A person's"})).status_code == 200


@pytest.mark.parametrize("to", [[], ["nobody"], ["a@b.example\r\nBcc: eve@evil.example"], ["a@b.example"] * 51])
async def test_who_is_nobody_cannot_be_written_to(house: House, ours: Tenancy, to: list[str]) -> None:
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.post(f"/api/v1/mailboxes/{ours.account}/messages", json={**LETTER, "to": to})
    assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/request.invalid")
