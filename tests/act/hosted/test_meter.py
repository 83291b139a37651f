"""Budgets stop a turn before the call that would exceed them, and what was spent is what the API says."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from act.hosted.pieces import GRANT, TURN, document, tool
from act.hosted.stage import Stage
from gatepost import decide
from gatepost.act import hosted
from gatepost.act.hosted import meter, meter_store, store
from gatepost.act.hosted.meter_store import By
from gatepost.act.hosted.paper import Call, Result, Said, StepState, TurnState, Usage
from gatepost.act.hosted.price import shipped
from gatepost.db import Database
from gatepost.decide import grants
from gatepost.ids import TurnId
from journeys.scene import KEY
from model_api import ModelApi, text, use
from outbound import NOW, TENANT, consequences, entropy


async def reserved(db: Database, turn: str, tokens: int, **budget: int) -> str:
    """Reserve for one turn's first call; return the exhausted budget, or nothing."""
    async with db.transaction(TENANT) as tx:
        await store.switch(tx, is_on=True, at=NOW)
        await store.lock_hosting(tx)
        try:
            await meter.reserve(
                tx,
                replace(TURN, id=TurnId(turn)),
                1,
                document(budget=budget),
                GRANT,
                tokens=tokens,
                at=NOW,
                entropy=entropy,
            )
        except meter.ExhaustedError as error:
            return error.reason
    return ""


@pytest.mark.parametrize("name", ["turn", "thread", "sender", "day"])
async def test_the_call_that_might_exceed_a_budget_is_not_made(db: Database, name: str) -> None:
    setting = "tokens_per_sender_and_day" if name == "sender" else f"tokens_per_{name}"
    assert await reserved(db, "tu_1", 60, **{setting: 100}) == ""
    assert await reserved(db, "tu_1", 41, **{setting: 100}) == f"budget.tokens_per_{name}"
    assert await reserved(db, "tu_1", 40, **{setting: 100}) == ""


async def test_many_at_once_reserve_no_more_than_there_is(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.switch(tx, is_on=True, at=NOW)
    said = await asyncio.gather(*(reserved(db, f"tu_{n}", 30, tokens_per_day=100) for n in range(8)))
    assert sorted(said) == ["", "", "", *["budget.tokens_per_day"] * 5]


async def test_a_call_that_never_settled_counts_as_it_was_reserved_and_one_that_was_not_run_does_not(
    db: Database,
) -> None:
    async with db.transaction(TENANT) as tx:
        for attempt in (1, 2):
            assert await meter_store.reserve(tx, TURN, 1, model="m", tokens=50, at=NOW) == attempt
        await meter_store.release(tx, TURN, 1, 2)
        spent = await meter_store.spent(tx, TURN, NOW)
        assert (spent.turn, spent.calls) == (50, 1)
        await meter_store.lose(tx, TURN, 1, 2)
        assert (await meter_store.spent(tx, TURN, NOW)).turn == 100


async def test_yesterday_is_another_day(db: Database) -> None:
    assert await reserved(db, "tu_1", 100, tokens_per_day=100) == ""
    async with db.transaction(TENANT) as tx:
        spent = await meter_store.spent(tx, replace(TURN, id=TurnId("tu_2")), NOW + timedelta(days=1))
    assert (spent.day, spent.sender, spent.thread) == (0, 0, 100)


async def test_a_turn_that_may_call_no_more_ends_and_says_which_budget(stage: Stage, api: ModelApi) -> None:
    await stage.host(budget={"calls_per_turn": 2})
    api.otherwise = lambda _asked: [use("read_attachment", part=1)]
    email = await stage.scene.boss_asks()
    await stage.work()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason, len(api.requests)) == (TurnState.STOPPED, "budget.calls_per_turn", 2)


async def test_usage_is_what_the_api_counted_summed_up_every_way(stage: Stage, api: ModelApi) -> None:
    await stage.host()
    api.script = [[use("reply", text="Yes.")], [text("Done.")]]
    email = await stage.scene.boss_asks()
    await stage.work()
    turn = await stage.turn(email)
    names = {
        By.MESSAGE: email,
        By.THREAD: turn.thread,
        By.SENDER: turn.sender,
        By.AGENT: turn.agent,
        By.DAY: "2026-11-20",
    }
    async with stage.scene.house.db.transaction(TENANT) as tx:
        for by, name in {**names, By.DAY: "2026-11-20"}.items():
            [row] = await hosted.usage_by(
                tx,
                by,
                account=stage.scene.account,
                since=NOW - timedelta(days=1),
                until=NOW + timedelta(days=1),
                limit=9,
            )
            assert (row.name, row.calls, row.unsettled) == (name, 2, 0)
            assert (row.input, row.output) == (api.input_tokens, api.output_tokens)
            assert row.cost_microusd == 3 * api.input_tokens + 15 * api.output_tokens
        assert await hosted.tokens_of(tx, stage.scene.account, email) == api.input_tokens + api.output_tokens
        charged = await tx.one("select sum(tokens) as tokens from spent_token where tenant = %(tenant)s")
        assert charged.tokens == api.input_tokens + api.output_tokens


async def test_a_model_without_a_price_is_metered_all_the_same(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        mystery = document(model="mystery")
        ticket = await meter.reserve(tx, TURN, 1, mystery, GRANT, tokens=50, at=NOW, entropy=entropy)
        await meter.settle(
            tx, TURN, ticket, model="mystery", usage=Usage(input=7), least=0, prices=shipped(), at=NOW, entropy=entropy
        )
        row = await tx.one("select counted, cost_microusd from model_call where tenant = %(tenant)s")
    assert (row.counted, row.cost_microusd) == (7, None)


async def test_an_answer_that_counts_nothing_costs_what_was_set_aside_for_it(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        for step in (1, 2):
            ticket = await meter.reserve(tx, TURN, step, document(), GRANT, tokens=50, at=NOW, entropy=entropy)
            await meter.settle(
                tx, TURN, ticket, model="m", usage=Usage(), least=0, prices=shipped(), at=NOW, entropy=entropy
            )
        spent = await meter_store.spent(tx, TURN, NOW)
        charged = await tx.one("select sum(tokens) as tokens from spent_token where tenant = %(tenant)s")
    assert (spent.turn, spent.calls, spent.day, charged.tokens) == (100, 2, 100, 100)


@given(st.integers(0, 10**6))
def test_who_counts_fewer_tokens_than_could_hold_what_was_written_has_not_counted(output: int) -> None:
    said = Said(({"type": "text", "text": "x" * 100_000},), (), "end_turn", Usage(input=7, output=output))
    assert meter.believed(said, set_aside=10**6) == (said.usage if output > 97 else Usage())


async def test_who_counts_more_than_there_can_be_has_not_counted(stage: Stage, api: ModelApi) -> None:
    """One wrong count would else be a sender's budget for ever, and close the gate to them."""
    await stage.allow(tokenBudget={"perSender": 10**6})
    await stage.host()
    api.says = (10**9, 10**9)
    email = await stage.scene.boss_asks()
    await stage.work()
    turn = await stage.turn(email)
    async with stage.scene.house.db.transaction(TENANT) as tx:
        spent = await meter_store.spent(tx, turn, NOW)
        charged = await tx.one("select sum(tokens) as tokens from spent_token where tenant = %(tenant)s")
        counted = await tx.one("select state, reserved, cost_microusd from model_call where tenant = %(tenant)s")
    assert (counted.state, counted.cost_microusd) == ("lost", None)
    assert spent.turn == charged.tokens == counted.reserved < 20_000


async def test_an_endpoint_that_plays_down_what_it_read_gets_no_longer_turn_by_it(stage: Stage, api: ModelApi) -> None:
    """What it counts is shown and priced; the agent's own budgets count the octets that it was sent."""
    api.says = (1, 1)
    await stage.host(instructions="Be brief. " * 2_000, budget={"tokens_per_turn": 32_000})
    api.otherwise = lambda _asked: [use("read_attachment", part=1)]
    email = await stage.scene.boss_asks()
    await stage.work()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason, len(api.requests)) == (TurnState.STOPPED, "budget.tokens_per_turn", 2)
    async with stage.scene.house.db.transaction(TENANT) as tx:
        assert await hosted.tokens_of(tx, stage.scene.account, email) == 4
        spent = await meter_store.spent(tx, turn, NOW)
    assert 5_000 < spent.turn < 8_000


async def test_a_model_that_counts_nothing_is_ended_by_its_budget_too(stage: Stage, api: ModelApi) -> None:
    """Or a captured endpoint could keep a turn going for a day."""
    await stage.host(budget={"calls_per_turn": 3})
    api.otherwise = lambda _asked: [use("read_attachment", part=1)]
    api.counts_nothing = True
    email = await stage.scene.boss_asks()
    await stage.work()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason, len(api.requests)) == (TurnState.STOPPED, "budget.calls_per_turn", 3)


async def test_the_policys_budget_ends_a_turn_too_and_says_so_in_the_log(stage: Stage, api: ModelApi) -> None:
    await stage.allow(tokenBudget={"perThread": 100})
    await stage.host()
    email = await stage.scene.boss_asks()
    await stage.work()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason, api.requests) == (TurnState.STOPPED, "budget.per_thread", [])
    assert (email, "budget.exhausted") in await consequences(stage.scene.house.db)


async def test_a_revoked_policy_ends_a_turn_before_its_next_call(stage: Stage, api: ModelApi) -> None:
    await stage.host()
    email = await stage.scene.boss_asks()
    async with stage.scene.house.db.transaction(TENANT) as tx:
        assert await grants.revoke(tx, stage.scene.account, 1, at=NOW, actor=KEY)
    await stage.work()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason, api.requests) == (TurnState.STOPPED, "grant.revoked", [])


async def test_a_policy_that_is_revoked_while_a_turn_runs_takes_its_tools_away(stage: Stage, api: ModelApi) -> None:
    """At the next call of a tool, in the same answer of the model; and the model itself is asked no more."""

    async def revoke(_call: Call) -> Result:
        async with stage.scene.house.db.transaction(TENANT) as tx:
            await grants.revoke(tx, stage.scene.account, 2, at=NOW, actor=KEY)
        return Result(value={})

    stage.tools.append(tool("pull", schema={"type": "object", "properties": {}}, bounds={}, run=revoke))
    await stage.allow("http:pull", "search_mail")
    await stage.host(tools=["pull", "search_mail"])
    async with stage.scene.house.db.transaction(TENANT) as tx:
        version = (await decide.policy_history(tx, stage.scene.account))[0].version.version
    assert version == 2
    api.script = [[use("pull"), use("search_mail", query="budget")]]
    email = await stage.scene.boss_asks()
    await stage.work()
    pulled, searched = [step for step in await stage.steps(email) if step.place]
    assert (pulled.state, searched.state, searched.reason) == (StepState.DONE, StepState.REFUSED, "tool.not_granted")
    turn = await stage.turn(email)
    assert (turn.state, turn.reason, len(api.requests)) == (TurnState.STOPPED, "grant.revoked", 1)


@given(whole=st.integers(0, 10**15), among=st.integers(1, 100))
def test_the_parts_of_a_whole_sum_up_to_it_and_are_equal(whole: int, among: int) -> None:
    parts = [meter.part_of(whole, place, among) for place in range(1, among + 1)]
    assert sum(parts) == whole
    assert max(parts) - min(parts) <= 1
