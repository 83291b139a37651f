from doors.rest.scene import POLICY, Tenancy, calls, held_call, leaves, set_policy, write
from gatepost import access
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.journey import House


async def held(house: House, of: Tenancy) -> tuple[str, str]:
    """Let a reply of a turn wait; return the turn's path and the call's digest."""
    await set_policy(house, of, POLICY)
    done = await write(house, of)
    assert isinstance(done.outcome, Kept)
    turn, digest = await held_call(house, of, done.outcome.email, done.outcome.thread)
    return f"/api/v1/mailboxes/{of.account}/turns/{turn}", digest


async def test_a_turn_is_shown_with_its_calls_and_labels(house: House, ours: Tenancy) -> None:
    path, digest = await held(house, ours)
    async with calls(rest.build(house), ours.owner) as owner:
        shown = (await owner.get(path)).json()
        listed = (await owner.get(path.rpartition("/")[0])).json()["items"]
        earlier = (await owner.get(path.rpartition("/")[0], params={"until": shown["began_at"]})).json()["items"]
    [call] = shown.pop("calls")
    assert (listed, earlier) == ([shown], [])
    assert (shown["state"], shown["label"]) == ("held", "sender")
    assert (call["tool"], call["state"], call["arguments"]) == ("reply", "held", {"text": "Yes."})
    assert call["digest"] == digest


async def test_an_approver_settles_a_held_call_once_and_stands_in_the_record(house: House, ours: Tenancy) -> None:
    path, digest = await held(house, ours)
    async with calls(rest.build(house), ours.keys[access.Role.APPROVER]) as approver:
        answer = await approver.post(f"{path}/calls/{digest}", json={"is_approved": True})
        assert answer.status_code == 202
        [call] = (await approver.get(path)).json()["calls"]
        again = await approver.post(f"{path}/calls/{digest}", json={"is_approved": False})
    assert (call["state"], call["settled_by"]) == ("approved", ours.key_ids[access.Role.APPROVER])
    assert again.status_code == 404
    last = (await leaves(house, ours))[-1]
    assert (last["action"], last["actor_ref"]) == ("tool.approved", ours.key_ids[access.Role.APPROVER])


async def test_what_waits_is_listed_with_what_an_approval_is_bound_to(house: House, ours: Tenancy) -> None:
    path, digest = await held(house, ours)
    listing = f"{path.rpartition('/')[0]}/held"
    async with calls(rest.build(house), ours.keys[access.Role.APPROVER]) as approver:
        [item] = (await approver.get(listing)).json()["items"]
        assert (item["digest"], item["tool"], path.endswith(item["turn_id"])) == (digest, "reply", True)
        await approver.post(f"{path}/calls/{digest}", json={"is_approved": False})
        assert (await approver.get(listing)).json()["items"] == []


async def test_neither_an_agent_nor_a_wrong_digest_approves(house: House, ours: Tenancy) -> None:
    path, digest = await held(house, ours)
    async with calls(rest.build(house), ours.agent) as agent:
        assert (await agent.post(f"{path}/calls/{digest}", json={"is_approved": True})).status_code == 403
    async with calls(rest.build(house), ours.owner) as owner:
        assert (await owner.post(f"{path}/calls/{'0' * 64}", json={"is_approved": True})).status_code == 404
        assert [call["state"] for call in (await owner.get(path)).json()["calls"]] == ["held"]
