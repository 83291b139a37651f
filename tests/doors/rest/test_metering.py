from dataclasses import replace
from datetime import timedelta

import pytest

from act.hosted import pieces
from doors.rest.scene import POLICY, FakeClock, Tenancy, calls, entropy, set_policy, write
from gatepost.act.hosted import meter, store
from gatepost.act.hosted.paper import StepState, Usage
from gatepost.act.hosted.price import shipped
from gatepost.decide import grants
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.ids import EmailId
from gatepost.journey import House


async def spend(house: House, of: Tenancy) -> EmailId:
    """Let one call of a model be metered about a message of the boss, and another stay open."""
    await set_policy(house, of, POLICY)
    done = await write(house, of)
    assert isinstance(done.outcome, Kept)
    email, thread, at = done.outcome.email, done.outcome.thread, house.clock()
    turn = replace(pieces.TURN, tenant=of.tenant, account=of.account, email=email, thread=thread, began_at=at)
    async with house.db.transaction(of.tenant) as tx:
        grant = await grants.of_message(tx, of.account, email, now=at)
        agent = pieces.document()
        first, _ = [
            await meter.reserve(tx, turn, step, agent, grant, tokens=50, at=at, entropy=entropy) for step in (1, 2)
        ]
        usage = Usage(input=1_000, output=100)
        await meter.settle(
            tx, turn, first, model="claude-sonnet-4-5", usage=usage, least=0, prices=shipped(), at=at, entropy=entropy
        )
        await store.insert_turn(tx, turn)
        for place, state, tokens in ((1, StepState.DONE, 600), (2, StepState.REFUSED, 500)):
            called = pieces.step(1, place, state, at=at, tokens=tokens, cost_microusd=tokens * 4)
            await store.put_step(tx, turn, called)
    return email


@pytest.mark.parametrize("by", ["message", "thread", "sender", "agent", "day"])
async def test_usage_is_shown_every_way(house: House, ours: Tenancy, by: str) -> None:
    email = await spend(house, ours)
    async with calls(rest.build(house), ours.owner) as owner:
        shown = (await owner.get("/api/v1/usage", params={"by": by, "mailbox_id": str(ours.account)})).json()
    [row] = shown["items"]
    assert (row["calls"], row["input_tokens"], row["output_tokens"], row["unsettled_tokens"]) == (2, 1_000, 100, 50)
    assert row["cost_microusd"] == 4_500
    assert row["tools"] == [{"tool": "reply", "calls": 2, "made": 1, "tokens": 1_100, "cost_microusd": 4_400}]
    names = {"message": email, "sender": "boss@boss.test", "day": "2026-11-21", "agent": pieces.TURN.agent}
    assert row["name"] == names.get(by, row["name"])


async def test_only_the_time_asked_for_counts(house: House, ours: Tenancy, clock: FakeClock) -> None:
    await spend(house, ours)
    until = clock.now
    async with calls(rest.build(house), ours.owner) as owner:
        before = {"until": until.isoformat()}
        after = {"since": (until + timedelta(seconds=1)).isoformat()}
        for span in (before, after):
            assert (await owner.get("/api/v1/usage", params=span)).json()["items"] == []
        assert (await owner.get("/api/v1/usage", params={"since": "2026-11-21T00:00:00"})).status_code == 422


async def test_another_tenant_sees_none_of_it(house: House, ours: Tenancy, theirs: Tenancy) -> None:
    await spend(house, theirs)
    async with calls(rest.build(house), ours.owner) as owner:
        assert (await owner.get("/api/v1/usage")).json()["items"] == []
