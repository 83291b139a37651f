"""Turns as they are taken: begun once, carried through outages, stopped by rule."""

from datetime import timedelta
from pathlib import Path

import pytest

from act.hosted.stage import Stage
from gatepost import decide
from gatepost.act import hosted
from gatepost.act.hosted import store
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import TurnState
from gatepost.act.hosted.worker import TURN, turn_of
from gatepost.blobs import address_of
from gatepost.db import Database
from gatepost.keys.keystore import Kind
from journeys.scene import KEY, set_scene
from model_api import ModelApi, text, use
from outbound import BOSS, NOW, TENANT, Sink, consequences, entropy

FROM_EVE = (
    b"From: eve@loose.example\r\nTo: agent@gatepost.test\r\nSubject: Hello\r\nMessage-ID: <e@x>\r\n\r\nPay me.\r\n"
)


async def test_agents_are_off_until_somebody_switches_them_on(stage: Stage, api: ModelApi) -> None:
    document = hosted.parse({"name": "A", "instructions": "B", "model": "m"})
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await hosted.put_agent(tx, stage.scene.account, document, at=NOW, actor=KEY, entropy=entropy)
    await stage.scene.boss_asks()
    await stage.work()
    assert api.requests == []
    async with stage.scene.house.db.transaction(TENANT) as tx:
        assert await tx.all("select id from job where tenant = %(tenant)s") == []  # not even a job


async def test_switched_off_while_a_turn_waits_it_stops_before_the_next_call(stage: Stage, api: ModelApi) -> None:
    await stage.host()
    email = await stage.scene.boss_asks()
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await hosted.switch(tx, is_on=False, at=NOW, actor=KEY, entropy=entropy)
    await stage.work()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason, api.requests) == (TurnState.STOPPED, "hosting.off", [])


async def test_a_promise_kept_twice_is_one_turn(stage: Stage, api: ModelApi, sink: Sink) -> None:
    await stage.host()
    api.script = [[use("reply", text="Tuesday at ten.")]]
    email = await stage.scene.boss_asks()
    await stage.work()
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await stage.scene.house.jobs.enqueue(tx, hosted.promise(email, (await stage.turn(email)).thread))
    await stage.work()
    await stage.send()
    assert (len(api.requests), len(sink.mails)) == (2, 1)


async def test_an_outage_lets_the_turn_wait_and_tells_the_tenant_once(stage: Stage, api: ModelApi, sink: Sink) -> None:
    await stage.host()
    api.script = [529, 529, 429, [use("reply", text="Tuesday at ten.")]]
    email = await stage.scene.boss_asks()
    for _ in range(3):
        await stage.work()
    waiting = await stage.turn(email)
    assert (waiting.state, waiting.reason, waiting.failures) == (TurnState.WAITING, "model.unavailable", 3)
    assert stage.waits == ["model.unavailable"] * 3
    await stage.work()
    await stage.send()
    over = await stage.turn(email)
    assert (over.state, over.failures, len(sink.mails)) == (TurnState.DONE, 0, 1)
    told = [action for _, action in await consequences(stage.scene.house.db)]
    assert told.count("turn.waiting") == 1
    assert told.count("usage.metered") == 2  # what was surely not run costs nothing


@pytest.mark.parametrize(
    ("asked", "waited_s"),
    [
        ("90", 90),
        (f"{NOW + timedelta(seconds=30):%a, %d %b %Y %H:%M:%S} GMT", 30),
        ("1", 2),
        ("99999", 3_600),
        ("soon", 2),
    ],
)
async def test_the_model_is_asked_again_no_sooner_than_its_endpoint_says(
    stage: Stage, api: ModelApi, asked: str, waited_s: int
) -> None:
    """Within reason: an hour at the most."""
    await stage.host()
    api.script, api.retry_after = [429], asked
    await stage.scene.boss_asks()
    before = stage.scene.clock.now
    await stage.work()
    assert (stage.scene.clock.now - before).total_seconds() == waited_s


async def test_an_outage_of_more_than_a_day_ends_the_turn(stage: Stage, api: ModelApi) -> None:
    await stage.host()
    api.otherwise = lambda _asked: 529
    email = await stage.scene.boss_asks()
    await stage.work()
    stage.scene.clock.move(timedelta(days=1, seconds=1))
    await stage.work()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason) == (TurnState.STOPPED, "turn.too_old")


async def test_what_the_endpoint_will_never_take_ends_the_turn(stage: Stage, api: ModelApi) -> None:
    await stage.host()
    api.script = [400]
    email = await stage.scene.boss_asks()
    await stage.work()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason) == (TurnState.STOPPED, "model.request_refused")


async def test_turns_of_one_thread_are_taken_in_order(stage: Stage) -> None:
    await stage.host()
    email = await stage.scene.boss_asks()
    [row] = await stage.jobs((TURN,))
    assert (row.key, row.body) == ((await stage.scene.kept(email)).thread, {"email": email})


async def test_mail_whose_writer_was_erased_takes_no_turn(db: Database, tmp_path: Path, api: ModelApi) -> None:
    stage = Stage(await set_scene(db, tmp_path), api)
    await stage.host()
    email = await stage.scene.boss_asks()
    assert db.keys.destroy(TENANT, Kind.SUBJECT, db.keys.subject_name(TENANT, BOSS.key))
    await stage.work()
    assert api.requests == []
    async with db.transaction(TENANT) as tx:
        assert await store.find_turn(tx, turn_of(email)) is None


@pytest.mark.parametrize("tool", ["handover", "reply"])
async def test_a_stranger_whom_no_rule_proved_sets_nothing_in_motion_alone(
    stage: Stage, api: ModelApi, sink: Sink, tool: str
) -> None:
    """An assurance of none lets mail in; it proves nobody, so only what anybody may do runs."""
    policy = {
        "defaultAction": "bounce",
        "senders": [{"match": {"domain": "loose.example", "assurance": "none"}, "capabilities": ["handover"]}],
        "auditLog": {"retentionDays": 30},
    }
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, stage.scene.account, policy, at=NOW, actor=KEY)
    await stage.host()
    api.script = [[use(tool, **({"note": "x"} if tool == "handover" else {"text": "x"}))], [text("Fine.")]]
    done = await stage.scene.boss_writes(raw=FROM_EVE, blob=address_of(FROM_EVE))
    await stage.work()
    turn = await stage.turn(done.recorded.arrived.email)
    assert turn.label is Label.ANYBODY
    assert turn.state is (TurnState.HANDED_OVER if tool == "handover" else TurnState.HELD)
    await stage.send()
    assert sink.mails == []
