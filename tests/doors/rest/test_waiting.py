"""All that waits for a person, in one list over REST, and one word on each."""

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, held, held_call, leaves, petitioned, set_policy, write
from gatepost.access.paper import Role
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.journey import House

WORDS = "The canary sings at midnight."


@pytest.fixture
async def listing(house: House, ours: Tenancy) -> str:
    """A held answer, a held call and a petition."""
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    await held(house, ours, done.outcome.email, WORDS)
    await held_call(house, ours, done.outcome.email, done.outcome.thread)
    await petitioned(house, ours)
    return f"/api/v1/mailboxes/{ours.account}/waiting"


async def test_one_list_has_all_and_leads_to_each(house: House, ours: Tenancy, listing: str) -> None:
    async with calls(rest.build(house), ours.keys[Role.APPROVER]) as approver:
        answer = await approver.get(listing)
        shown = answer.json()
        assert [each["kind"] for each in shown["items"]] == ["call", "message", "petition"]
        assert ({each["default_outcome"] for each in shown["items"]}, shown["is_all"]) == ({"refuse"}, True)
        assert WORDS not in answer.text
        for each in shown["items"]:
            assert (await approver.get(f"/api{each['path']}")).status_code == 200
        first = (await approver.get(listing, params={"limit": 1})).json()
    assert (first["items"], first["is_all"]) == (shown["items"][:1], False)


@pytest.mark.parametrize(
    ("decision", "recorded"),
    [
        ("approve", {"hold.approve", "tool.approved", "petition.approve"}),
        ("deny", {"hold.deny", "tool.denied", "petition.deny"}),
    ],
)
async def test_one_word_rules_on_each_once_and_stands_in_the_record(
    house: House, ours: Tenancy, listing: str, decision: str, recorded: set[str]
) -> None:
    async with calls(rest.build(house), ours.keys[Role.APPROVER]) as approver:
        items = (await approver.get(listing)).json()["items"]
        for each in items:
            digest = each["digest"] or (await approver.get(f"/api{each['path']}")).json()["digest"]
            path, body = f"{listing}/{each['id']}/decision", {"decision": decision, "digest": digest}
            if each["kind"] != "petition" or decision == "approve":  # a no to a petition needs no digest
                assert (await approver.post(path, json={**body, "digest": "0" * 64})).status_code in {404, 409}
            told = await approver.post(path, json=body)
            assert told.status_code == 200, each
            states = {"approve": {"released", "approved"}, "deny": {"refused", "denied"}}[decision]
            assert told.json()["state"] in states
            assert {name: told.json()[name] for name in ("kind", "id", "path")} == {
                name: each[name] for name in ("kind", "id", "path")
            }
            assert (await approver.post(path, json=body)).status_code in {404, 409}, each
        assert (await approver.get(listing)).json()["items"] == []
    approver_id = ours.key_ids[Role.APPROVER]
    assert recorded <= {leaf["action"] for leaf in await leaves(house, ours) if leaf["actor_ref"] == approver_id}


async def test_a_word_without_what_it_is_about_is_none(house: House, ours: Tenancy, listing: str) -> None:
    async with calls(rest.build(house), ours.keys[Role.APPROVER]) as approver:
        for each in (await approver.get(listing)).json()["items"]:
            answer = await approver.post(f"{listing}/{each['id']}/decision", json={"decision": "approve"})
            assert answer.status_code in {409, 422}
        for strange in ("ho_none", "tu_none", "pt_none", "xx_none", "none"):
            body = {"decision": "deny", "digest": "0" * 64}
            assert (await approver.post(f"{listing}/{strange}/decision", json=body)).status_code == 404
        assert len((await approver.get(listing)).json()["items"]) == 3


async def test_neither_an_agent_nor_another_tenant_sees_it_or_rules(
    house: House, ours: Tenancy, theirs: Tenancy, listing: str
) -> None:
    for key, status in ((ours.agent, 403), (theirs.owner, 404)):
        async with calls(rest.build(house), key) as client:
            assert (await client.get(listing)).status_code == status
            body = {"decision": "deny", "digest": "0" * 64}
            assert (await client.post(f"{listing}/ho_a/decision", json=body)).status_code == status
