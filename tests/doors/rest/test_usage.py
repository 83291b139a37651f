import json

from standardwebhooks import Webhook

from doors.rest.scene import POLICY, FakeClock, Tenancy, calls, leaves, set_policy, write
from doors.rest.test_metering import spend
from gatepost.deliver.paper import Kept, Refused
from gatepost.doors import rest
from gatepost.journey import House


async def test_reports_add_up_in_the_row_and_stand_in_the_record(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    mailbox = f"/api/v1/mailboxes/{ours.account}"
    app = rest.build(house)
    async with calls(app, ours.agent) as agent, calls(app, ours.owner) as owner:
        path = f"{mailbox}/messages/{done.outcome.email}/usage"
        first = await agent.post(path, json={"tokens": 7, "tools": ["calendar.read"]})
        assert first.json()["success"] is True
        await agent.post(path, json={"tokens": 5, "tools": []})
        (entry,) = (await owner.get(f"{mailbox}/audit-logs")).json()["items"]
    assert (entry["tokens_consumed"], entry["tools_used"]) == (12, ["calendar.read"])
    reported = [leaf for leaf in await leaves(house, ours) if leaf["action"] == "usage.reported"]
    assert [len(reported), json.dumps(reported).count('"c": {"tools": ')] == [2, 2]
    assert "calendar" not in json.dumps(reported), "an agent chose the words, and no leaf is ever erased"


async def test_spent_tokens_close_the_gate_for_that_sender(house: House, ours: Tenancy, clock: FakeClock) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours, "one@costly.test")
    assert isinstance(done.outcome, Kept)
    async with calls(rest.build(house), ours.agent) as client:
        path = f"/api/v1/mailboxes/{ours.account}/messages/{done.outcome.email}/usage"
        assert (await client.post(path, json={"tokens": 100})).is_success
    clock.pass_by(1)
    assert isinstance((await write(house, ours, "one@costly.test")).outcome, Refused)
    clock.pass_by(86_401)
    assert isinstance((await write(house, ours, "one@costly.test")).outcome, Kept)


async def test_usage_of_a_message_that_is_not_there_is_404_and_charges_nothing(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.agent) as client:
        path = f"/api/v1/mailboxes/{ours.account}/messages/em_none/usage"
        assert (await client.post(path, json={"tokens": 1})).status_code == 404
    assert await leaves(house, ours) == []


BUDGETED: dict[str, object] = {
    **POLICY,
    "senders": [
        {
            "match": {"address": "boss@boss.test"},
            "capabilities": [],
            "tokenBudget": {"perThread": 100},
        }
    ],
}


async def test_tokens_are_set_aside_settled_and_exhausted(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, BUDGETED)
    done = await write(house, ours)
    path = f"/api/v1/mailboxes/{ours.account}/messages/{done.recorded.arrived.email}"
    async with calls(rest.build(house), ours.agent) as client:
        first = await client.post(f"{path}/reservations", json={"tokens": 60})
        made = first.json()
        assert (first.status_code, made["tokens"], made["left"]) == (201, 60, 40)
        refused = await client.post(f"{path}/reservations", json={"tokens": 41})
        usage = {"tokens": 30, "reservation_id": made["reservation_id"]}
        assert (await client.post(f"{path}/usage", json=usage)).status_code == 200
        twice = await client.post(f"{path}/usage", json=usage)
        again = await client.post(f"{path}/reservations", json={"tokens": 70})
    assert (refused.status_code, refused.json()["errors"]) == (409, ["budget.per_thread"])
    assert refused.json()["detail"] == "budget.per_thread: 60 of 100 tokens are spent or set aside."
    assert (twice.status_code, twice.json()["type"].rpartition("/")[2]) == (409, "reservation.settled")
    assert again.json()["left"] == 0
    told = [leaf["detail"] for leaf in await leaves(house, ours) if leaf["action"] == "budget.exhausted"]
    assert told == [
        {"outcome": "budget_exhausted", "reason": "budget.per_thread", "limit": 100, "used": 60, "wanted": 41}
    ]


async def test_a_message_that_grants_nothing_has_no_budget_to_set_aside(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    async with calls(rest.build(house), ours.agent) as client:
        path = f"/api/v1/mailboxes/{ours.account}/messages/em_none/reservations"
        assert (await client.post(path, json={"tokens": 1})).status_code == 404


async def test_a_signed_report_counts_once_and_a_changed_one_never(
    house: House, ours: Tenancy, clock: FakeClock
) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    mailbox = f"/api/v1/mailboxes/{ours.account}"
    app = rest.build(house)
    async with calls(app, ours.owner) as owner, calls(app, ours.agent) as agent:
        hook = (await owner.post(f"{mailbox}/webhooks", json={"url": "http://127.0.0.1:9/hook"})).json()
        path, body = f"{mailbox}/messages/{done.outcome.email}/usage", b'{"tokens": 7}'
        headers = signed(hook["standard_secret"], "ur_1", clock, body)
        assert (await agent.post(path, content=body, headers=headers)).json()["is_counted"] is True
        again = await agent.post(path, content=body, headers=headers)
        changed = await agent.post(path, content=b'{"tokens": 8}', headers={**headers, "webhook-id": "ur_2"})
        clock.pass_by(400)
        late = await agent.post(path, content=body, headers={**headers, "webhook-id": "ur_1"})
    assert (again.status_code, changed.status_code, late.status_code) == (409, 403, 403)
    reported = [leaf["detail"] for leaf in await leaves(house, ours) if leaf["action"] == "usage.reported"]
    assert reported == [{"tokens": 7, "is_signed": True}]


def signed(secret: str, name: str, clock: FakeClock, body: bytes) -> dict[str, str]:
    """Sign as the public library does that agents check our events with."""
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(clock.now.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, clock.now, body.decode()),
    }


async def test_where_the_house_has_counted_itself_a_claim_counts_for_nothing(house: House, ours: Tenancy) -> None:
    email = await spend(house, ours)
    async with calls(rest.build(house), ours.agent) as agent, calls(rest.build(house), ours.owner) as owner:
        path = f"/api/v1/mailboxes/{ours.account}/messages/{email}/usage"
        assert (await agent.post(path, json={"tokens": 1})).json()["is_counted"] is False
        (row,) = (await owner.get(f"/api/v1/mailboxes/{ours.account}/audit-logs")).json()["items"]
    assert row["tokens_consumed"] == 1_100
    claims = [leaf["detail"] for leaf in await leaves(house, ours) if leaf["action"] == "usage.reported"]
    assert claims == [{"tokens_claimed": 1, "tokens_metered": 1_150, "is_signed": False}]
