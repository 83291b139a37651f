"""A second person over REST: 202, what is shown of it, and who may say what."""

from doors.rest.scene import POLICY, Tenancy, calls, set_policy, write
from gatepost import access
from gatepost.access import Role
from gatepost.doors import rest
from gatepost.ids import DraftReplayId
from gatepost.journey import House
from gatepost.workbench.run import go_on

WIDER = {**POLICY, "senders": [{"match": {"domain": "boss.test"}, "capabilities": ["read_calendar"]}]}


async def wants_a_second_person(house: House, of: Tenancy) -> None:
    await set_policy(house, of, POLICY)
    async with house.db.transaction(of.tenant) as tx:
        await access.set_second_person(tx, is_needed=True)


async def test_a_wider_policy_is_proposed_shown_and_approved(house: House, ours: Tenancy) -> None:
    await wants_a_second_person(house, ours)
    await write(house, ours)
    path = f"/api/v1/mailboxes/{ours.account}/policy"
    app = rest.build(house)
    async with calls(app, ours.owner) as owner, calls(app, ours.keys[Role.APPROVER]) as approver:
        answer = await owner.put(path, json=WIDER, params={"why": "a new hand"})
        assert answer.status_code == 202
        made = answer.json()
        where = answer.headers["location"]
        assert where == f"/api/v1/policy/proposals/{made['id']}"
        assert (made["widening"]["verdict"], made["why"], made["isOutdated"]) == ("wider", "a new hand", False)
        assert (await owner.get(path)).json()["policy"] == POLICY
        said = {"decision": "approve", "digest": made["digest"]}
        early = await approver.post(f"{where}/decision", json=said)
        assert (early.status_code, early.json()["type"]) == (409, "/api/problems/proposal.unjudged")
        assert early.json()["errors"] == ["running"]
        await go_on(house, ours.tenant, DraftReplayId(made["replayId"]))
        shown = (await approver.get(where)).json()
        assert shown["policy"] == WIDER
        assert shown["changes"][0]["path"].startswith("senders[0]")
        assert (shown["replay"]["state"], shown["replay"]["done"]) == ("done", 1)
        assert (await owner.post(f"{where}/decision", json=said)).status_code == 403
        without = await approver.post(f"{where}/decision", json={"decision": "approve"})
        assert without.status_code == 422
        other = await approver.post(f"{where}/decision", json={**said, "digest": "0" * 64})
        assert other.json()["type"] == "/api/problems/proposal.changed"
        done = (await approver.post(f"{where}/decision", json=said)).json()
        assert (done["state"], done["version"]) == ("approved", 2)
        again = await approver.post(f"{where}/decision", json=said)
        assert (again.status_code, again.json()["type"]) == (409, "/api/problems/proposal.settled")
        assert (await owner.get(path)).json()["policy"] == WIDER
        listed = (await owner.get("/api/v1/policy/proposals", params={"state": "approved"})).json()["items"]
        assert [each["id"] for each in listed] == [made["id"]]


async def test_agents_and_auditors_rule_on_nothing(house: House, ours: Tenancy) -> None:
    await wants_a_second_person(house, ours)
    app = rest.build(house)
    async with calls(app, ours.owner) as owner:
        where = (await owner.put(f"/api/v1/mailboxes/{ours.account}/policy", json=WIDER)).headers["location"]
    for role in (Role.AGENT, Role.AUDITOR):
        async with calls(app, ours.keys[role]) as client:
            answer = await client.post(f"{where}/decision", json={"decision": "deny"})
            assert answer.status_code == 403


async def test_an_outdated_proposal_says_so(house: House, ours: Tenancy) -> None:
    await wants_a_second_person(house, ours)
    path = f"/api/v1/mailboxes/{ours.account}/policy"
    app = rest.build(house)
    async with calls(app, ours.owner) as owner, calls(app, ours.keys[Role.APPROVER]) as approver:
        answer = await owner.put(path, json=WIDER)
        tightened = await owner.put(path, json={**POLICY, "senders": []})
        assert tightened.status_code == 200
        where, digest = answer.headers["location"], answer.json()["digest"]
        assert (await owner.get(where)).json()["isOutdated"] is True
        refused = await approver.post(f"{where}/decision", json={"decision": "approve", "digest": digest})
        assert (refused.status_code, refused.json()["type"]) == (409, "/api/problems/proposal.outdated")
        back = await owner.post(f"{path}/versions/1/rollback")
        assert back.status_code == 202
        replay = f"/api/v1/policy/replays/{back.json()['replayId']}"
        kept = await owner.delete(replay)
        assert (kept.status_code, kept.json()["type"]) == (409, "/api/problems/replay.shown")
        denied = await approver.post(f"{back.headers['location']}/decision", json={"decision": "deny"})
        assert denied.json()["state"] == "refused"
        assert (await owner.delete(replay)).status_code == 204
        assert (await owner.get(back.headers["location"])).json()["replay"] is None


async def test_an_approver_may_say_that_they_do_without_the_replay(house: House, ours: Tenancy) -> None:
    await wants_a_second_person(house, ours)
    app = rest.build(house)
    async with calls(app, ours.owner) as owner, calls(app, ours.keys[Role.APPROVER]) as approver:
        answer = await owner.put(f"/api/v1/mailboxes/{ours.account}/policy", json=WIDER)
        said = {"decision": "approve", "digest": answer.json()["digest"], "withoutReplay": True}
        done = await approver.post(f"{answer.headers['location']}/decision", json=said)
        assert (done.status_code, done.json()["state"]) == (200, "approved")


async def test_a_key_of_one_mailbox_sees_no_other_proposal(house: House, ours: Tenancy) -> None:
    await wants_a_second_person(house, ours)
    async with house.db.transaction(ours.tenant) as tx:
        _, bound = await access.add_key(
            tx, Role.APPROVER, label="b", at=house.clock(), entropy=house.entropy, account=ours.account
        )
    app = rest.build(house)
    async with calls(app, ours.owner) as owner:
        await owner.put("/api/v1/policy", json=POLICY)
        wide = (await owner.put("/api/v1/policy", json=WIDER)).headers["location"]
    async with calls(app, bound) as client:
        assert (await client.get(wide)).status_code == 404
        assert (await client.post(f"{wide}/decision", json={"decision": "deny"})).status_code == 404
        assert (await client.get("/api/v1/policy/proposals")).json()["items"] == []
