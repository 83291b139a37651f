import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gatepost.db import Database
from gatepost.deliver import own_mail
from gatepost.deliver.own_mail import Road
from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.traffic import FIRST, PATIENCE_S, CrowdedError
from gatepost.mail.address import Address
from journeys.scene import open_scene
from outbound import AGENT, TENANT, smtp_sink

THERE = Address("first", "elsewhere.test")
RAW = f"From: {AGENT}\r\nTo: {THERE}\r\nSubject: Hello\r\n\r\nHello.\r\n".encode()


async def test_a_mail_is_signed_for_its_author_and_handed_over(db: Database, tmp_path: Path) -> None:
    async with smtp_sink() as sink, open_scene(db, tmp_path, sink_port=sink.port) as scene:
        road = await own_mail.find_road(scene.house, TENANT, AGENT, THERE, seed="one")
        assert isinstance(road, Road)
        tried = await own_mail.carry(scene.house, road, "one", RAW)
        assert tried.result is AttemptResult.ACCEPTED
        [mail] = sink.mails
        assert f"d={AGENT.domain};".encode() in mail.original_content.replace(b" ", b"")
        assert (mail.mail_from, mail.rcpt_tos) == (str(AGENT), [str(THERE)])


async def test_there_is_no_road_for_an_author_nobody_signs_for(db: Database, tmp_path: Path) -> None:
    async with smtp_sink() as sink, open_scene(db, tmp_path, sink_port=sink.port) as scene:
        stranger = Address("postmaster", "not-ours.test")
        road = await own_mail.find_road(scene.house, TENANT, stranger, THERE, seed="one")
        assert road == Attempt(AttemptResult.DEFERRED, 0, "4.7.0", "signing.no_key")
        assert sink.mails == []


async def test_where_its_destination_has_no_room_it_does_not_leave(db: Database, tmp_path: Path) -> None:
    async with smtp_sink() as sink, open_scene(db, tmp_path, sink_port=sink.port) as scene, AsyncExitStack() as stack:
        road = await own_mail.find_road(scene.house, TENANT, AGENT, THERE, seed="one")
        assert isinstance(road, Road)
        traffic = scene.house.traffic
        for _ in range(FIRST):
            await stack.enter_async_context(traffic.toward(f"127.0.0.1:{sink.port}"))
        traffic._clock = lambda: time.monotonic() + PATIENCE_S  # nobody answered since
        with pytest.raises(CrowdedError):
            await own_mail.carry(scene.house, road, "one", RAW)
        assert sink.mails == []
