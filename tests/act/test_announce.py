import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs

from act.scene import due, register
from gatepost import act
from gatepost.act import EventKind
from gatepost.act.announce import announce
from gatepost.act.bell import Bell
from gatepost.act.paper import CHOICES
from gatepost.db import Database
from gatepost.decide.paper import Disposition
from gatepost.deliver.paper import CarriedOut, Held, Kept, Queued, Refused
from gatepost.ids import HoldId, SubmissionId, ThreadId
from gatepost.journey import House
from journeys.scene import Scene, open_scene
from outbound import TENANT, Hands, Receiver, Sink, house, http_receiver, inbound, outbound, recorded, smtp_sink

KEPT_NOW = CarriedOut(recorded(inbound()), Kept(inbound().email, ThreadId("th_a"), wakes=True))

HELD = Held(inbound().email, HoldId("ho_a"), inbound().received_at)


@pytest.fixture
def standing(db: Database, tmp_path: Path) -> House:
    return house(db, tmp_path, Hands())


@pytest.mark.parametrize(
    ("done", "kind", "lane"),
    [
        (KEPT_NOW, EventKind.RECEIVED, "th_a"),
        (CarriedOut(recorded(inbound(), Disposition.HOLD), HELD), EventKind.HELD, inbound().email),
        (CarriedOut(recorded(inbound(), Disposition.REJECT), Refused()), EventKind.REJECTED, inbound().email),
    ],
)
async def test_each_end_of_an_inbound_mail_is_an_event(
    standing: House, done: CarriedOut, kind: EventKind, lane: str
) -> None:
    hook, _ = await register(standing, "http://127.0.0.1:9/", CHOICES)
    async with standing.db.transaction(TENANT) as tx:
        announce(tx, [done], Bell(), listening=await act.listening(tx))
    [telling] = await due(standing.db, hook.id)
    assert (telling.event.kind, telling.event.lane, telling.event.email) == (kind, lane, inbound().email)


async def test_what_we_send_ourselves_and_the_postmasters_mail_are_none(standing: House) -> None:
    hook, _ = await register(standing, "http://127.0.0.1:9/", CHOICES)
    postmaster = recorded(structs.replace(inbound(), is_postmaster=True))
    queued = CarriedOut(recorded(outbound()), Queued((SubmissionId("su_a"),)))
    async with standing.db.transaction(TENANT) as tx:
        done = [queued, CarriedOut(postmaster, Kept(inbound().email, ThreadId("th_a"), wakes=False))]
        announce(tx, done, Bell(), listening=await act.listening(tx))
    assert await due(standing.db, hook.id) == []


async def test_no_event_is_written_where_nobody_listens(standing: House) -> None:
    async with standing.db.transaction(TENANT) as tx:
        told = announce(tx, [KEPT_NOW], Bell(), listening=await act.listening(tx))
        assert (told.events, (await tx.one("select count(*) as count from event")).count) == ({}, 0)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with http_receiver() as running:
        yield running


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as running:
        yield running


@pytest.fixture
async def scene(db: Database, tmp_path: Path, sink: Sink) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, sink_port=sink.port) as opened:
        yield opened


@pytest.mark.parametrize(("reply", "kind"), [("", "email.sent"), ("550 5.1.1 nobody", "email.bounced")])
async def test_a_mail_that_left_or_came_back_is_told(
    scene: Scene, receiver: Receiver, sink: Sink, reply: str, kind: str
) -> None:
    sink.rcpt_reply = reply
    await _listen(scene, receiver.url)
    asked = await scene.boss_asks()
    sent = await scene.agent_says(asked, "Yes.")
    await scene.work()
    [told] = [json.loads(body) for _, body in receiver.requests]
    assert (told["event"], told["data"]["submission_id"]) == (kind, sent.submission)
    assert told["data"]["in_reply_to"] == asked
    assert told["data"]["thread_id"] == (await scene.kept(asked)).thread


async def _listen(scene: Scene, url: str) -> None:
    async with scene.house.db.transaction(TENANT) as tx:
        await act.add(tx, scene.house, scene.account, url, events=[EventKind.SENT, EventKind.BOUNCED])
