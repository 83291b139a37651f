"""What waits for a person, over REST."""

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, held, leaves, set_policy, write
from gatepost import access
from gatepost.access.paper import Role, Scope
from gatepost.deliver.paper import Held, Kept
from gatepost.doors import rest
from gatepost.doors.rest.hold_shapes import Ruling, Word
from gatepost.ids import HoldId
from gatepost.journey import House
from gatepost.mail.address import Address

WORDS = "The canary sings at midnight."


@pytest.fixture
async def waiting(house: House, ours: Tenancy) -> HoldId:
    """An answer that our agent proposed."""
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    return await held(house, ours, done.outcome.email, WORDS)


def path_of(ours: Tenancy, waiting: HoldId) -> str:
    return f"/api/v1/mailboxes/{ours.account}/holds/{waiting}"


async def test_a_list_shows_why_and_until_when_and_nothing_of_what_it_says(
    house: House, ours: Tenancy, waiting: HoldId
) -> None:
    for key in (ours.agent, ours.owner):
        async with calls(rest.build(house), key) as client:
            answer = await client.get(f"/api/v1/mailboxes/{ours.account}/holds")
            [item] = answer.json()["items"]
            none = await client.get(f"/api/v1/mailboxes/{ours.account}/holds", params={"state": "released"})
        assert (item["hold_id"], item["reason"], item["state"]) == (waiting, "sandbox.held", "waiting")
        assert (item["default_outcome"], item["recipients"]) == ("refuse", ["boss@boss.test"])
        assert WORDS not in answer.text
        assert none.json()["items"] == []


async def test_an_approver_reads_what_it_says_and_an_agent_does_not(
    house: House, ours: Tenancy, waiting: HoldId
) -> None:
    for role, is_shown in {Role.OWNER: True, Role.APPROVER: True, Role.AGENT: False}.items():
        async with calls(rest.build(house), ours.keys[role]) as client:
            shown = (await client.get(path_of(ours, waiting))).json()
        assert (shown["body_text"] is not None and WORDS in shown["body_text"]) is is_shown
        assert (shown["digest"] is not None, shown["subject"] is not None) == (is_shown, is_shown)


async def test_an_approval_lets_it_go_once(house: House, ours: Tenancy, waiting: HoldId) -> None:
    path = path_of(ours, waiting)
    async with calls(rest.build(house), ours.keys[Role.APPROVER]) as client:
        digest = (await client.get(path)).json()["digest"]
        wrong = await client.post(f"{path}/decision", json={"decision": "approve", "digest": "0" * 64})
        bare = await client.post(f"{path}/decision", json={"decision": "approve"})
        done = await client.post(f"{path}/decision", json={"decision": "approve", "digest": digest})
        again = await client.post(f"{path}/decision", json={"decision": "deny"})
        after = (await client.get(path)).json()
    assert (wrong.status_code, bare.status_code, done.status_code, again.status_code) == (409, 422, 200, 409)
    assert wrong.json()["type"].endswith("hold.changed")
    assert again.json()["type"].endswith("hold.settled")
    assert (done.json()["state"], done.json()["settled_reason"]) == ("released", "hold.approved")
    assert done.json()["settled_by"] == ours.key_ids[Role.APPROVER]
    assert after["body_text"] is None


async def test_neither_an_agent_nor_the_proposer_rules(house: House, ours: Tenancy, waiting: HoldId) -> None:
    """Not even with the scope: an agent's role does not have it, and whoever proposes is known by its key."""
    async with house.db.transaction(ours.tenant) as tx:
        _, text = await access.add_key(
            tx, Role.OWNER, scopes=[Scope.APPROVALS_WRITE], label="x", at=house.clock(), entropy=house.entropy
        )
        await tx.run("update hold set proposer = %(key)s where tenant = %(tenant)s", key=ours.key_ids[Role.OWNER])
    verdict = {"decision": "deny"}
    async with calls(rest.build(house), ours.agent) as client:
        by_agent = await client.post(f"{path_of(ours, waiting)}/decision", json=verdict)
    async with calls(rest.build(house), ours.owner) as client:
        by_proposer = await client.post(f"{path_of(ours, waiting)}/decision", json=verdict)
    async with calls(rest.build(house), text) as client:
        by_other = await client.post(f"{path_of(ours, waiting)}/decision", json=verdict)
    assert (by_agent.status_code, by_proposer.status_code, by_other.status_code) == (403, 403, 200)
    assert by_agent.json()["type"].endswith("scope.missing")
    assert by_proposer.json()["type"].endswith("approver.forbidden")


async def test_who_wrote_a_message_rules_on_it_by_no_key(house: House, ours: Tenancy) -> None:
    """The boss is an owner here, too: by their own key, or by one of which nobody knows whose it is."""
    await set_policy(house, ours, {**POLICY, "senders": [{"match": {"domain": "boss.test"}, "action": "hold"}]})
    done = await write(house, ours)
    assert isinstance(done.outcome, Held)
    made: dict[str, str] = {}
    async with house.db.transaction(ours.tenant) as tx:
        for name in ("boss@boss.test", "officer@boss.test"):
            person = await access.add_person(
                tx, Address.parse(name), Role.OWNER, at=house.clock(), entropy=house.entropy
            )
            _, made[name] = await access.add_key(
                tx, Role.OWNER, label="k", at=house.clock(), entropy=house.entropy, person=person
            )
    said = []
    for key in (ours.owner, made["boss@boss.test"], made["officer@boss.test"]):
        async with calls(rest.build(house), key) as client:
            path = path_of(ours, done.outcome.hold)
            digest = (await client.get(path)).json()["digest"]
            said.append(await client.post(f"{path}/decision", json={"decision": "approve", "digest": digest}))
    assert [each.status_code for each in said] == [403, 403, 200]
    assert said[0].json()["type"].endswith("approver.forbidden")
    assert "--person" in said[0].json()["detail"]


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "0" * 65])
def test_a_digest_is_64_hex_characters(digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        Ruling(decision=Word.APPROVE, digest=digest)


async def test_a_denial_is_recorded_under_whoever_denied(house: House, ours: Tenancy, waiting: HoldId) -> None:
    async with calls(rest.build(house), ours.keys[Role.APPROVER]) as client:
        done = await client.post(f"{path_of(ours, waiting)}/decision", json={"decision": "deny"})
    assert (done.json()["state"], done.json()["settled_reason"]) == ("refused", "hold.denied")
    ruling, decision = (await leaves(house, ours))[-2:]
    assert (ruling["action"], ruling["actor_ref"]) == ("hold.deny", ours.key_ids[Role.APPROVER])
    assert isinstance(decision["decision"], dict)
    assert decision["decision"]["reason"] == "hold.denied"


async def test_a_held_answer_says_so_to_whoever_sent_it(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    async with house.db.transaction(ours.tenant) as tx:
        await access.set_sandboxed(tx, ours.account, is_sandboxed=True)
    path = f"/api/v1/mailboxes/{ours.account}/messages/{done.recorded.arrived.email}/reply"
    async with calls(rest.build(house), ours.agent) as client:
        first = (await client.post(path, json={"text_body": "Yes."})).json()
        again = (await client.post(path, json={"text_body": "Yes."})).json()
    assert (first["status"], first["success"]) == ("held", True)
    assert again == {**first, "is_repeat": True}
