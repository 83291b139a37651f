import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import mailbuttons
import pytest

from gatepost.db import Database
from journeys.scene import Scene, open_scene
from outbound import TENANT, Receiver, consequences, http_receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with http_receiver() as running:
        yield running


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, accepting=accepting) as opened:
        yield opened


async def test_kept_mail_is_told_to_the_agent(scene: Scene, receiver: Receiver) -> None:
    secret = await scene.listen(receiver.url)
    email = await scene.boss_asks(text="Can we meet on Tuesday?")
    await scene.work()
    [(headers, body)] = receiver.requests
    assert mailbuttons.verify_webhook(body, headers["x-mailbuttons-signature"], secret)
    event = mailbuttons.parse_webhook(body).data
    assert (event.message_id, event.from_, event.subject) == (email, "boss@example.org", "The meeting")
    assert (event.body_text or "").strip() == "Can we meet on Tuesday?"
    assert (event.verification.spf, event.verification.from_alignment) == ("pass", True)
    assert event.capabilities == ["read_calendar"]
    assert await consequences(scene.house.db) == [(None, "webhook.add"), (email, "webhook.delivered")]


async def test_a_receiver_that_was_down_hears_once_and_one_reply_leaves(scene: Scene, receiver: Receiver) -> None:
    receiver.answers = ["503 Down", "503 Down", "200 OK"]
    await scene.listen(receiver.url)
    await scene.boss_asks()
    for _ in range(5):  # each round is a fresh start: nothing but the database remembers
        await scene.work()
        scene.clock.move(timedelta(seconds=20))
    assert len(receiver.requests) == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1
    told = [json.loads(body)["data"]["email_id"] for _, body in receiver.requests]
    answers = [await scene.agent_says(told[0], "Yes.") for _ in told]
    assert [each.is_repeat for each in answers] == [False, True, True]


async def test_refused_mail_wakes_nobody(scene: Scene, receiver: Receiver) -> None:
    await scene.listen(receiver.url)
    await scene.boss_writes(header="From: eve@evil.example\r\n")
    await scene.work()
    assert receiver.requests == []


async def test_where_nobody_listens_no_event_is_made(scene: Scene) -> None:
    await scene.boss_asks()
    async with scene.house.db.transaction(TENANT) as tx:
        assert await tx.all("select id from event where tenant = %(tenant)s") == []
