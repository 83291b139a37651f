"""Calls that wait for a person: bound to what the person was shown, and settled once."""

from typing import Any

import pytest

from act.hosted.stage import EVERYTHING, Stage
from gatepost.act import hosted
from gatepost.act.hosted.approvals import HELD_MAX, NotHeldError
from gatepost.act.hosted.paper import Step, StepState, TurnState
from gatepost.act.hosted.worker import turn_of
from gatepost.ids import AccountId, EmailId
from journeys.scene import KEY
from model_api import ModelApi, text, use
from outbound import TENANT, Sink, consequences, entropy


@pytest.fixture
async def held(stage: Stage, api: ModelApi) -> EmailId:
    """A turn whose reply waits."""
    await stage.host(approval={"reply": "always"})
    api.script = [[use("reply", text="Tuesday at ten.")], [text("Done.")]]
    email = await stage.scene.boss_asks()
    await stage.work()
    assert (await stage.turn(email)).state is TurnState.HELD
    return email


async def call_of(stage: Stage, email: EmailId) -> Step:
    return next(step for step in await stage.steps(email) if step.place)


async def settle(stage: Stage, email: EmailId, digest: str, **changes: Any) -> None:
    house = stage.scene.house
    given: dict[str, Any] = {"is_approved": True, "actor": KEY, **changes}
    account = given.pop("account", stage.scene.account)
    async with house.db.transaction(TENANT) as tx:
        turn, _ = await hosted.settle_held(
            tx, account, turn_of(email), digest=digest, at=house.clock(), entropy=entropy, **given
        )
        await house.jobs.enqueue(tx, hosted.promise(turn.email, turn.thread))


async def test_an_approved_call_runs_once_and_the_model_hears_of_it(
    stage: Stage, api: ModelApi, sink: Sink, held: EmailId
) -> None:
    await stage.send()
    assert sink.mails == []
    digest = hosted.digest_of(await call_of(stage, held))
    await settle(stage, held, digest)
    await stage.work()
    await stage.send()
    assert len(sink.mails) == 1
    assert (await stage.turn(held)).state is TurnState.DONE
    assert api.requests[-1]["messages"][-1]["content"][0]["is_error"] is False
    with pytest.raises(NotHeldError):
        await settle(stage, held, digest)
    actions = [action for _, action in await consequences(stage.scene.house.db)]
    assert [action for action in actions if action.startswith("tool.")] == ["tool.held", "tool.approved", "tool.done"]


async def test_a_denied_call_does_not_run(stage: Stage, api: ModelApi, sink: Sink, held: EmailId) -> None:
    await settle(stage, held, hosted.digest_of(await call_of(stage, held)), is_approved=False)
    await stage.work()
    await stage.send()
    assert sink.mails == []
    assert "approval.denied" in api.requests[-1]["messages"][-1]["content"][0]["content"]


async def test_another_digest_another_mailbox_or_another_turn_approves_nothing(stage: Stage, held: EmailId) -> None:
    digest = hosted.digest_of(await call_of(stage, held))
    with pytest.raises(NotHeldError):
        await settle(stage, held, "0" * 64)
    with pytest.raises(NotHeldError):
        await settle(stage, held, digest, account=AccountId(stage.scene.account + 1))
    with pytest.raises(NotHeldError):
        await settle(stage, EmailId("em_other"), digest)


async def test_what_nobody_approves_is_denied_by_time(stage: Stage, sink: Sink, held: EmailId) -> None:
    stage.scene.clock.move(HELD_MAX)
    await stage.work(EVERYTHING)
    await stage.work(EVERYTHING)
    await stage.send()
    call = await call_of(stage, held)
    assert (call.state, call.reason, call.actor) == (StepState.DENIED, "approval.lapsed", "house")
    assert ((await stage.turn(held)).state, sink.mails) == (TurnState.DONE, [])


async def test_a_yes_after_its_time_comes_too_late_however_late_the_house_denies_it(
    stage: Stage, sink: Sink, held: EmailId
) -> None:
    stage.scene.clock.move(HELD_MAX)
    digest = hosted.digest_of(await call_of(stage, held))
    with pytest.raises(NotHeldError):
        await settle(stage, held, digest)
    await settle(stage, held, digest, is_approved=False)
    await stage.work()
    await stage.send()
    assert sink.mails == []


async def test_a_word_that_comes_with_the_lapse_counts_once(stage: Stage, sink: Sink, held: EmailId) -> None:
    await settle(stage, held, hosted.digest_of(await call_of(stage, held)))
    await stage.work(EVERYTHING)
    await stage.work(EVERYTHING)
    await stage.send()
    assert len(sink.mails) == 1


async def test_a_grant_that_is_gone_by_then_is_not_made_good_by_a_person(
    stage: Stage, api: ModelApi, sink: Sink
) -> None:
    """A person approves a call; that it is within the grant, nobody can."""
    await stage.allow("search_mail")
    await stage.host(approval={"search_mail": "always"})
    api.script = [[use("search_mail", query="budget")]]
    email = await stage.scene.boss_asks()
    await stage.work()
    await stage.narrow(email)
    await settle(stage, email, hosted.digest_of(await call_of(stage, email)))
    await stage.work()
    call = await call_of(stage, email)
    assert (call.state, call.reason) == (StepState.REFUSED, "tool.not_granted")
    assert sink.mails == []


async def test_the_first_calls_are_approved_and_then_the_agent_is_trusted(
    stage: Stage, api: ModelApi, sink: Sink
) -> None:
    await stage.host(approval={"reply": 1})
    for text_said in ("One.", "Two."):
        api.script = [[use("reply", text=text_said)]]
        email = await stage.scene.boss_asks()
        await stage.work()
        if text_said == "One.":
            await settle(stage, email, hosted.digest_of(await call_of(stage, email)))
            await stage.work()
    await stage.send()
    assert len(sink.mails) == 2
