"""Conversations that would never end: each ends by rule, and the rule stands in the record."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from act.hosted.stage import Stage
from gatepost import decide
from gatepost.act.hosted.paper import TurnState
from gatepost.act.hosted.worker import TURN
from gatepost.blobs import address_of
from journeys.scene import KEY
from model_api import ModelApi, use
from outbound import AGENT, NOW, TENANT, Sink, consequences


def answers(asked: dict[str, Any]) -> Any:
    """Reply to whatever comes, then rest: what a model does that knows no end."""
    return [] if len(asked["messages"]) > 1 else [use("reply", text="Thank you! Anything else?")]


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: auto-replied\r\n", "Precedence: bulk\r\n", "List-Id: <l.example>\r\n"]
)
async def test_an_autoresponder_is_not_answered(stage: Stage, api: ModelApi, sink: Sink, header: str) -> None:
    await stage.host()
    api.otherwise = answers
    email = await stage.scene.boss_asks(header=header)
    await stage.work()
    await stage.send()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason) == (TurnState.STOPPED, "loop.automatic")
    assert (api.requests, sink.mails) == ([], [])
    assert (email, "turn.stopped") in await consequences(stage.scene.house.db)


async def test_a_mailbox_does_not_talk_to_itself(stage: Stage, api: ModelApi) -> None:
    policy = {
        "defaultAction": "bounce",
        "senders": [{"match": {"address": str(AGENT), "assurance": "none"}, "capabilities": []}],
        "auditLog": {"retentionDays": 30},
    }
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, stage.scene.account, policy, at=NOW, actor=KEY)
    await stage.host()
    raw = f"From: {AGENT}\r\nTo: {AGENT}\r\nSubject: Note\r\nMessage-ID: <n@x>\r\n\r\nTo myself.\r\n".encode()
    email = await stage.scene.boss_asks(raw=raw, blob=address_of(raw))
    await stage.work()
    assert (await stage.turn(email)).reason == "loop.own_mailbox"
    assert api.requests == []


async def test_another_agent_that_never_tires_is_answered_so_often_and_no_more(
    stage: Stage, api: ModelApi, sink: Sink
) -> None:
    """It says of itself neither that it is a machine nor that it is done, and answers each answer at once."""
    await stage.host(budget={"turns_per_thread_and_day": 3})
    api.otherwise = answers
    last = ""
    reasons = []
    for _ in range(6):
        email = await stage.scene.boss_asks(header=f"In-Reply-To: <{last}>\r\n" if last else "")
        await stage.work()
        await stage.send()
        reasons.append((await stage.turn(email)).reason)
        if sink.mails:
            last = sink.mails[-1].content.split(b"Message-ID: <")[1].split(b">")[0].decode()
    assert len(sink.mails) == 3
    assert reasons == ["", "", "", "loop.thread", "loop.thread", "loop.thread"]
    stage.scene.clock.move(timedelta(days=1))
    email = await stage.scene.boss_asks(header=f"In-Reply-To: <{last}>\r\n")
    await stage.work()
    assert (await stage.turn(email)).reason == ""  # tomorrow is another day


async def test_another_agent_that_begins_a_new_thread_each_time_ends_by_the_same_rule(
    stage: Stage, api: ModelApi, sink: Sink
) -> None:
    """It writes a new mail whenever it is answered, and so falls silent with us."""
    await stage.host(budget={"turns_per_sender_and_day": 3})
    api.otherwise = answers
    reasons, answered = [], 0
    for number in range(10):
        if len(sink.mails) < number:
            break  # nobody answered it: it has nothing to say to that
        email = await stage.scene.boss_asks()
        await stage.work()
        await stage.send()
        reasons.append((await stage.turn(email)).reason)
        answered = len(sink.mails)
    assert (reasons, answered) == (["", "", "", "loop.sender"], 3)
    assert "turn.stopped" in {action for _, action in await consequences(stage.scene.house.db)}
    stage.scene.clock.move(timedelta(days=1))
    email = await stage.scene.boss_asks()
    await stage.work()
    assert (await stage.turn(email)).reason == ""


async def test_turns_that_begin_at_once_count_each_other(stage: Stage, api: ModelApi, sink: Sink) -> None:
    await stage.host(budget={"turns_per_sender_and_day": 4})
    api.otherwise = answers
    emails = [await stage.scene.boss_asks() for _ in range(12)]
    await asyncio.gather(*[stage.keep(row) for row in await stage.jobs([TURN])])
    reasons = sorted([(await stage.turn(email)).reason for email in emails])
    await stage.send()
    assert reasons == [""] * 4 + ["loop.sender"] * 8
    assert len(sink.mails) == 4
